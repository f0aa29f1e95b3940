/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('../store/triple_store.js').TripleStore} TripleStore
 * @typedef {import('../instaml/steps.js').Step} Step
 * @typedef {{eventId: string, steps: Step[], order: number, created: number,
 *            txId?: number, confirmedAt?: number}} Mutation
 */
export const LINGER_MS: 30000;
export class Pending {
    /** @type {Mutation[]} in the order in which they were made */
    list: Mutation[];
    /** @type {{attrs: Attrs | null, steps: WeakMap<Step[], Step[]>}} */
    words: {
        attrs: Attrs | null;
        steps: WeakMap<Step[], Step[]>;
    };
    /** @type {WeakMap<TripleStore, {mutations: Mutation[], version: TripleStore}>} by answer */
    versions: WeakMap<TripleStore, {
        mutations: Mutation[];
        version: TripleStore;
    }>;
    /** @param {string} eventId */
    get(eventId: string): Mutation | undefined;
    /** @param {Mutation} mutation */
    add(mutation: Mutation): void;
    nextOrder(): number;
    /** @param {string} eventId @returns {Mutation | undefined} the one that was removed */
    remove(eventId: string): Mutation | undefined;
    /**
     * @param {string} eventId @param {number} txId @param {number} now
     * @returns {Mutation | undefined} the mutation as it is now
     */
    confirm(eventId: string, txId: number, now: number): Mutation | undefined;
    /** @returns {Mutation[]} those the server has not answered */
    unanswered(): Mutation[];
    /**
     * Remove those that every answer shows, and those that the server has had time to answer for.
     * @param {number} processedTxId the oldest of the answers; Infinity where there are none
     * @param {number} silence ms that the line has been open; then confirmed changes are this old
     * @param {number} now
     * @returns {Mutation[]} what was removed
     */
    retire(processedTxId: number, silence: number, now: number): Mutation[];
    /**
     * A mutation's steps with the server's ids in them.
     * @param {Mutation} mutation
     * @param {Attrs} attrs the server's
     * @returns {Step[]}
     */
    stepsFor(mutation: Mutation, attrs: Attrs): Step[];
    /**
     * What an answer looks like with the changes that it does not show yet. Of the changes that were
     * there the last time nothing is applied again.
     * @param {TripleStore} store
     * @param {number} processedTxId of the answer
     * @returns {TripleStore}
     */
    over(store: TripleStore, processedTxId: number): TripleStore;
    /**
     * All attrs there are, with those that only pending changes have.
     * @param {Attrs} attrs the server's
     */
    attrsOver(attrs: Attrs): import("../store/attrs.js").Attrs;
}
export type Attrs = import("../store/attrs.js").Attrs;
export type TripleStore = import("../store/triple_store.js").TripleStore;
export type Step = import("../instaml/steps.js").Step;
export type Mutation = {
    eventId: string;
    steps: Step[];
    order: number;
    created: number;
    txId?: number;
    confirmedAt?: number;
};
