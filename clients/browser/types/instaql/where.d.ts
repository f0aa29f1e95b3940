/**
 * The clauses of a `where` about entities of an etype. Throws `UnknownName`.
 * @param {Attrs} attrs
 * @param {Slots} slots
 * @param {string} etype
 * @param {Variable} root
 * @param {Record<string, any>} where
 * @returns {Clause[]}
 */
export function clausesOf(attrs: Attrs, slots: Slots, etype: string, root: Variable, where: Record<string, any>): Clause[];
/** @param {Found} found @param {any} near @param {any} far @returns {Pattern} */
export function linkPattern({ attr, isForward }: Found, near: any, far: any): Pattern;
/**
 * @typedef {import('../datalog.js').Clause} Clause
 * @typedef {import('../datalog.js').Pattern} Pattern
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('../store/attrs.js').Found} Found
 * @typedef {{path: string[], operator: string, operand: any}} Condition
 * @typedef {{kind: 'and' | 'or', terms: Term[]}} Group
 * @typedef {Condition | Group} Term
 */
/** The query names an attr or a link that there is not: its whole form is empty. */
export class UnknownName extends Error {
}
/** Hands out the slots of a row. */
export class Slots {
    width: number;
    next(): Variable;
}
export type Clause = import("../datalog.js").Clause;
export type Pattern = import("../datalog.js").Pattern;
export type Attrs = import("../store/attrs.js").Attrs;
export type Found = import("../store/attrs.js").Found;
export type Condition = {
    path: string[];
    operator: string;
    operand: any;
};
export type Group = {
    kind: "and" | "or";
    terms: Term[];
};
export type Term = Condition | Group;
import { Variable } from '../datalog.js';
