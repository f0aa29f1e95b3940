// Changes that the server has not confirmed, or that not every answer shows yet. They are kept
// apart from what the server said, and applied on top of it each time something is shown.
//
//   added ──transact-ok──▶ confirmed (has a tx-id) ──an answer of every query is that new──▶ gone
//     └────error──▶ gone: what it changed is as it was     └──half a minute without one──▶ gone
//
// The rules about tx-ids are those of realtime.md §5.6. A query that a change does not concern is
// never answered for it. Its answer may hold too little to tell that from the steps, so that the guess
// is wrong; in the end the server's silence counts.

import { rewritten } from '../instaml/rewrite.js';
import { applied } from '../store/apply.js';

/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('../store/triple_store.js').TripleStore} TripleStore
 * @typedef {import('../instaml/steps.js').Step} Step
 * @typedef {{eventId: string, steps: Step[], order: number, created: number,
 *            txId?: number, confirmedAt?: number}} Mutation
 */

export const LINGER_MS = 30_000;
const AFTER_ALL_SERVER_TIMES = 1e14; // the year 5138: what is new here comes last by creation time

export class Pending {
  constructor() {
    /** @type {Mutation[]} in the order in which they were made */
    this.list = [];
    /** @type {{attrs: Attrs | null, steps: WeakMap<Step[], Step[]>}} */
    this.words = { attrs: null, steps: new WeakMap() };
    /** @type {WeakMap<TripleStore, {mutations: Mutation[], version: TripleStore}>} by answer */
    this.versions = new WeakMap();
  }

  /** @param {string} eventId */
  get(eventId) {
    return this.list.find((one) => one.eventId === eventId);
  }

  /** @param {Mutation} mutation */
  add(mutation) {
    if (this.get(mutation.eventId)) return;
    this.list = [...this.list, mutation].sort((left, right) => {
      return left.order - right.order || left.created - right.created;
    });
  }

  nextOrder() {
    return (this.list[this.list.length - 1]?.order ?? 0) + 1;
  }

  /** @param {string} eventId @returns {Mutation | undefined} the one that was removed */
  remove(eventId) {
    const mutation = this.get(eventId);
    if (mutation) this.list = this.list.filter((one) => one !== mutation);
    return mutation;
  }

  /**
   * @param {string} eventId @param {number} txId @param {number} now
   * @returns {Mutation | undefined} the mutation as it is now
   */
  confirm(eventId, txId, now) {
    const mutation = this.get(eventId);
    if (!mutation) return undefined;
    const confirmed = { ...mutation, txId, confirmedAt: now };
    this.list = this.list.map((one) => (one === mutation ? confirmed : one));
    return confirmed;
  }

  /** @returns {Mutation[]} those the server has not answered */
  unanswered() {
    return this.list.filter((one) => one.txId === undefined);
  }

  /**
   * Remove those that every answer shows, and those that the server has had time to answer for.
   * @param {number} processedTxId the oldest of the answers; Infinity where there are none
   * @param {number} silence ms that the line has been open; then confirmed changes are this old
   * @param {number} now
   * @returns {Mutation[]} what was removed
   */
  retire(processedTxId, silence, now) {
    const gone = this.list.filter(({ txId, confirmedAt = now }) => {
      const isOver = Math.min(silence, now - confirmedAt) >= LINGER_MS;
      return txId !== undefined && (txId <= processedTxId || isOver);
    });
    if (gone.length) this.list = this.list.filter((one) => !gone.includes(one));
    return gone;
  }

  /**
   * A mutation's steps with the server's ids in them.
   * @param {Mutation} mutation
   * @param {Attrs} attrs the server's
   * @returns {Step[]}
   */
  stepsFor(mutation, attrs) {
    if (this.words.attrs !== attrs) this.words = { attrs, steps: new WeakMap() };
    const known = this.words.steps.get(mutation.steps);
    const steps = known ?? rewritten(mutation.steps, attrs);
    this.words.steps.set(mutation.steps, steps);
    return steps;
  }

  /**
   * What an answer looks like with the changes that it does not show yet. Of the changes that were
   * there the last time nothing is applied again.
   * @param {TripleStore} store
   * @param {number} processedTxId of the answer
   * @returns {TripleStore}
   */
  over(store, processedTxId) {
    const missing = this.list.filter(({ txId }) => txId === undefined || txId > processedTxId);
    const before = this.versions.get(store);
    const isGrown = before?.mutations.every((mutation, at) => missing[at] === mutation);
    const known = before && isGrown ? before : { mutations: [], version: store };
    const version = missing.slice(known.mutations.length).reduce((soFar, mutation) => {
      const [steps, isAccepted] = [this.stepsFor(mutation, store.attrs), Boolean(mutation.txId)];
      return applied(soFar, steps, AFTER_ALL_SERVER_TIMES + mutation.order, isAccepted);
    }, known.version);
    this.versions.set(store, { mutations: missing, version });
    return version;
  }

  /**
   * All attrs there are, with those that only pending changes have.
   * @param {Attrs} attrs the server's
   */
  attrsOver(attrs) {
    const made = this.list.flatMap((mutation) => this.stepsFor(mutation, attrs));
    const unsynced = made.filter(([action, arg]) => action === 'add-attr' && !attrs.get(arg.id));
    return unsynced.length ? attrs.with(unsynced.map(([, attr]) => attr)) : attrs;
  }
}
