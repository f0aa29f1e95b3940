/**
 * @typedef {import('../instaml/steps.js').Step} Step
 * @typedef {import('./triple_store.js').Triple} Triple
 */
/**
 * @param {TripleStore} store
 * @param {Step[]} steps
 * @param {number} time created-at of new triples; beyond that of any the server gives
 * @param {boolean} [isAccepted] the server took all of it, so that what it creates was not there;
 *   the store may have it already, as an answer can be newer than it says
 * @returns {TripleStore}
 */
export function applied(store: TripleStore, steps: Step[], time: number, isAccepted?: boolean): TripleStore;
/**
 * Whether the store has an entity in an etype: any triple of it.
 * @param {TripleStore} store
 * @param {string} etype
 * @param {any} target
 */
export function exists(store: TripleStore, etype: string, target: any): boolean;
/**
 * Whether queries over the store show the entity; a link from it, say, may be all there is of it.
 * @param {TripleStore} store
 * @param {string} etype
 * @param {any} target
 */
export function isShown(store: TripleStore, etype: string, target: any): boolean;
export type Step = import("../instaml/steps.js").Step;
export type Triple = import("./triple_store.js").Triple;
import { TripleStore } from './triple_store.js';
