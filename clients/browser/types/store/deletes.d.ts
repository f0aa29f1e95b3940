/**
 * @typedef {import('./attrs.js').Attr} Attr
 * @typedef {import('./triple_store.js').Triple} Triple
 * @typedef {import('./triple_store.js').TripleStore} TripleStore
 * @typedef {[string, string]} Member an entity and its etype
 */
/**
 * Everything that goes when these go: what links cascade to goes along.
 * @param {TripleStore} store
 * @param {Member[]} named
 * @returns {Member[]}
 */
export function doomedBy(store: TripleStore, named: Member[]): Member[];
/**
 * The triples of an entity in an etype, and the links that lead to it there.
 * @param {TripleStore} store
 * @param {string} entity
 * @param {string} etype
 * @returns {[Triple, Attr][]}
 */
export function touching(store: TripleStore, entity: string, etype: string): [Triple, Attr][];
export type Attr = import("./attrs.js").Attr;
export type Triple = import("./triple_store.js").Triple;
export type TripleStore = import("./triple_store.js").TripleStore;
/**
 * an entity and its etype
 */
export type Member = [string, string];
