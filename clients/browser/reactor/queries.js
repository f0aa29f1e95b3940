// Live queries: what was asked, the newest answer to it, who listens, and what they were shown.

import { canonical, equal } from '../json.js';
import { answerOver } from '../instaql/query.js';
import { TripleStore } from '../store/triple_store.js';
import { InstantError } from './instant_error.js';

/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('../instaql/plan.js').Query} Query
 * @typedef {import('./reactor.js').Reactor} Core
 * @typedef {{triples: any[], processedTxId: number, pageInfo?: any, aggregate?: any}} Result
 * @typedef {{eventId: string, resolve: (value: any) => void, reject: (error: any) => void}} Once
 * @typedef {{
 *   query: Query, key: string, eventId: string,
 *   listeners: Set<(state: any) => void>, onces: Set<Once>,
 *   result: Result | null, store: TripleStore | null,
 *   shown: any, error: InstantError | null, isStored: boolean, toldStored: boolean,
 * }} LiveQuery
 */

const ONCE_TIMEOUT_MS = 30_000;

export class Queries {
  /** @param {Core} core */
  constructor(core) {
    this.core = core;
    /** @type {Map<string, LiveQuery>} */
    this.byKey = new Map();
  }

  /**
   * Listen to a query; what is known is told at once.
   * @param {Query} query
   * @param {(state: any) => void} listener
   * @returns {() => void} stop
   */
  subscribe(query, listener) {
    const live = this.find(query);
    live.listeners.add(listener);
    if (live.shown || live.error) this.core.effects.inform([listener], this.state(live));
    this.ask(live, live.eventId);
    return () => {
      if (live.listeners.delete(listener)) this.endIfUnused(live);
    };
  }

  /**
   * One answer of the server, as new as this question.
   * @param {Query} query
   * @param {Omit<Once, 'eventId'>} promise
   */
  once(query, promise) {
    const live = this.find(query);
    const once = { ...promise, eventId: this.core.newId() };
    live.onces.add(once);
    this.ask(live, once.eventId);
    this.core.deadlines.set(once.eventId, this.core.now() + ONCE_TIMEOUT_MS, () => {
      this.refuseOnce(live, once, new InstantError('The query took too long to be answered.'));
    });
  }

  /** @param {Query} query @returns {LiveQuery} */
  find(query) {
    const key = canonical(query);
    const known = this.byKey.get(key);
    if (known) return known;
    /** @type {LiveQuery} */
    const live = {
      query,
      key,
      eventId: this.core.newId(),
      listeners: new Set(),
      onces: new Set(),
      result: null,
      store: null,
      shown: null,
      error: null,
      isStored: false,
      toldStored: false,
    };
    this.byKey.set(key, live);
    this.core.effects.add({ do: 'load', key });
    return live;
  }

  /** @param {LiveQuery} live @param {string} eventId */
  ask(live, eventId) {
    this.core.send(eventId, { op: 'add-query', q: live.query });
  }

  /** After a new connection: everything is asked again. */
  askAll() {
    for (const live of this.byKey.values()) {
      if (live.listeners.size) this.ask(live, live.eventId);
      for (const once of live.onces) this.ask(live, once.eventId);
    }
  }

  /** @param {string} key @param {Result} result what was stored of an earlier time */
  restored(key, result) {
    const live = this.byKey.get(key);
    if (!live || live.result) return;
    this.take(live, result, true);
    this.show(live);
  }

  /** @param {Query} query @param {any[]} wire result nodes @param {number} processedTxId */
  answered(query, wire, processedTxId) {
    const live = this.byKey.get(canonical(query));
    if (!live) return;
    const result = resultOf(wire, processedTxId);
    this.take(live, result);
    this.core.effects.add({ do: 'save', store: 'queries', key: live.key, value: result });
  }

  /** @param {LiveQuery} live @param {Result} result @param {boolean} [isStored] */
  take(live, result, isStored = false) {
    live.isStored = isStored;
    live.result = result;
    live.store = null;
    live.error = null;
  }

  /** @param {Query} query the server says that it is live already, or just answered it */
  settleOnces(query) {
    const live = this.byKey.get(canonical(query));
    if (!live?.shown) return;
    for (const once of live.onces) {
      this.core.deadlines.clear(once.eventId);
      this.core.effects.inform([once.resolve], live.shown);
    }
    live.onces.clear();
    this.endIfUnused(live);
  }

  /** @param {Query} query @param {string | undefined} eventId @param {InstantError} error */
  refused(query, eventId, error) {
    const live = this.byKey.get(canonical(query));
    if (!live) return;
    const once = [...live.onces].find((one) => one.eventId === eventId);
    if (once) this.refuseOnce(live, once, error);
    this.fail(live, error);
  }

  /** @param {LiveQuery} live @param {InstantError} error */
  fail(live, error) {
    live.error = error;
    live.shown = null;
    this.core.effects.inform(live.listeners, this.state(live));
  }

  /** @param {LiveQuery} live @param {Once} once @param {InstantError} error */
  refuseOnce(live, once, error) {
    if (!live.onces.delete(once)) return;
    this.core.deadlines.clear(once.eventId);
    this.core.effects.inform([once.reject], error);
    this.endIfUnused(live);
  }

  /** @param {LiveQuery} live */
  endIfUnused(live) {
    if (live.listeners.size || live.onces.size || !this.byKey.delete(live.key)) return;
    this.core.send(this.core.newId(), { op: 'remove-query', q: live.query });
    this.core.retire();
  }

  /** Show every query again: attrs or pending changes are different. */
  showAll() {
    for (const live of this.byKey.values()) this.show(live);
  }

  /**
   * Show the answers that hold a change which was laid over them, since it was not confirmed yet.
   * @param {number} txId of the change
   */
  showSince(txId) {
    for (const live of this.byKey.values()) {
      if (live.result && live.result.processedTxId >= txId) this.show(live);
    }
  }

  /** The catalog changed, so that triples are indexed in another way. */
  forgetStores() {
    for (const live of this.byKey.values()) live.store = null;
  }

  /** @param {Query} query */
  showQuery(query) {
    const live = this.byKey.get(canonical(query));
    if (live) this.show(live);
  }

  /** @param {LiveQuery} live */
  show(live) {
    const { attrs, pending, isSingular } = this.core;
    if (!live.result || !attrs || live.error) return;
    const { triples, processedTxId, pageInfo, aggregate } = live.result;
    live.store ??= TripleStore.of(attrs, triples);
    const store = pending.over(live.store, processedTxId);
    const shown = answerOver(store, live.query, { pageInfo, aggregate, isSingular });
    const isSame = live.shown && equal(live.shown, shown);
    if (isSame && live.toldStored === live.isStored) return;
    Object.assign(live, { toldStored: live.isStored, ...(!isSame && { shown }) });
    this.core.effects.inform(live.listeners, this.state(live));
  }

  /** @param {LiveQuery} live what a listener is told */
  state({ error, shown, isStored }) {
    if (error) return { error, data: undefined, pageInfo: undefined };
    const stored = isStored && { isStored };
    return { error: undefined, data: undefined, pageInfo: undefined, ...shown, ...stored };
  }

  /** @returns {number} up to where every answer goes, of those that are shown */
  oldestTxId() {
    const results = [...this.byKey.values()].map(({ result }) => result?.processedTxId);
    return Math.min(Infinity, ...results.map((processedTxId) => processedTxId ?? Infinity));
  }

  /** @returns {TripleStore[]} what is shown now, with pending changes */
  shownStores() {
    const { pending } = this.core;
    return [...this.byKey.values()].flatMap(({ store, result }) => {
      return store && result ? [pending.over(store, result.processedTxId)] : [];
    });
  }

  /** Nothing that an earlier user saw is shown to the next. */
  forgetResults() {
    for (const live of this.byKey.values()) {
      Object.assign(live, { result: null, store: null, shown: null });
    }
  }
}

/** @param {any[]} nodes @param {number} processedTxId @returns {Result} */
function resultOf(nodes, processedTxId) {
  /** @type {any[]} */
  const triples = [];
  const collect = (/** @type {any} */ node) => {
    for (const row of node.data['datalog-result']['join-rows'])
      for (const triple of row) triples.push(triple);
    node['child-nodes'].forEach(collect);
  };
  nodes.forEach(collect);
  const { 'page-info': pageInfo, aggregate } = nodes[0]?.data ?? {};
  return { triples, processedTxId, pageInfo, aggregate };
}
