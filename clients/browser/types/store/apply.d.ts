/**
 * @typedef {import('../instaml/steps.js').Step} Step
 * @typedef {import('./triple_store.js').Triple} Triple
 */
/**
 * @param {TripleStore} store
 * @param {Step[]} steps
 * @param {number} time created-at of new triples; beyond that of any the server gives
 * @returns {TripleStore}
 */
export function applied(store: TripleStore, steps: Step[], time: number): TripleStore;
/**
 * Whether the store has an entity in an etype.
 * @param {TripleStore} store
 * @param {string} etype
 * @param {any} target
 */
export function exists(store: TripleStore, etype: string, target: any): boolean;
export type Step = import("../instaml/steps.js").Step;
export type Triple = import("./triple_store.js").Triple;
import { TripleStore } from './triple_store.js';
