/**
 * Visit every way in which all clauses hold. The row is only right during the visit.
 * @param {TripleStore} store
 * @param {Clause[]} clauses
 * @param {any[]} row what is known of the variables; undefined is not known
 * @param {() => void} found
 * @param {number} at the clause to begin with
 */
export function solve(store: TripleStore, clauses: Clause[], row: any[], found: () => void, at?: number): void;
/**
 * @typedef {import('./store/triple_store.js').TripleStore} TripleStore
 * @typedef {import('./store/triple_store.js').Triple} Triple
 * @typedef {[any, any, any, any]} Pattern
 * @typedef {Pattern | {any: Clause[][]}} Clause
 */
/** Matches everything. */
export const ANY: unique symbol;
/** A slot of the row; equal slots must have equal values. */
export class Variable {
    /** @param {number} slot */
    constructor(slot: number);
    slot: number;
}
/** A question about one part of a triple that an index cannot answer. */
export class Test {
    /** @param {(part: any, store: TripleStore) => boolean} holds */
    constructor(holds: (part: any, store: TripleStore) => boolean);
    holds: (part: any, store: TripleStore) => boolean;
}
export type TripleStore = import("./store/triple_store.js").TripleStore;
export type Triple = import("./store/triple_store.js").Triple;
export type Pattern = [any, any, any, any];
export type Clause = Pattern | {
    any: Clause[][];
};
