// The heart of the client: one object that knows everything and does nothing by itself. Inputs are
// method calls (a message came, the line broke, a page asks); what is to be done comes back as
// effects, which `take` hands out. Time and ids are given to it, so that a test can replay a
// conversation.
//
// The line:
//
//   connecting ──opened──▶ opened ──init-ok──▶ authenticated ──lost──▶ closed ──▶ connecting …
//                            └──init refused──▶ errored ──lost──▶ closed
//
// Spec: realtime.md §4 (order after init-ok), §5.6, §6.4, §12.

import { Attrs } from '../store/attrs.js';
import { Deadlines } from './deadlines.js';
import { Effects } from './effects.js';
import { InstantError } from './instant_error.js';
import { LINGER_MS, Pending } from './pending.js';
import { Queries } from './queries.js';
import { Rooms } from './rooms.js';
import { Writes } from './writes.js';

/**
 * @typedef {import('../store/attrs.js').Attr} Attr
 * @typedef {import('./pending.js').Mutation} Mutation
 * @typedef {{id: string, refresh_token?: string, [field: string]: any}} User
 * @typedef {'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored'} Status
 * @typedef {{
 *   appId: string, versions: Record<string, string>, now: () => number, newId: () => string,
 *   isOnline?: boolean, adminToken?: string, schema?: import('../instaml/missing_attrs.js').Schema,
 *   random?: () => number,
 * }} Options
 */

const LONGEST_DELAY_MS = 10_000;
const DELAY_STEP_MS = 1000;

export class Reactor {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.now = options.now;
    this.newId = options.newId;
    this.schema = options.schema;
    this.effects = new Effects();
    this.deadlines = new Deadlines();
    /** @type {Status} */
    this.status = 'connecting';
    this.isOnline = options.isOnline ?? true;
    this.failures = 0;
    this.authenticatedAt = 0;
    this.appStatus = 'active';
    /** @type {string | null} */
    this.sessionId = null;
    /** @type {User | null} */
    this.user = null;
    /** @type {Attrs | null} the server's; null until they are known */
    this.attrs = null;
    this.pending = new Pending();
    this.queries = new Queries(this);
    this.writes = new Writes(this);
    this.rooms = new Rooms(this);
    /** @type {Set<(status: Status) => void>} */
    this.statusListeners = new Set();
    /** @type {Set<(user: User | null) => void>} */
    this.userListeners = new Set();
    this.isSingular = singularLinks(options.schema);
  }

  take() {
    return this.effects.take();
  }

  /**
   * Begin with what an earlier visit left behind.
   * @param {{user?: User | null, attrs?: Attr[], pending?: Mutation[]}} stored
   */
  start({ user, attrs, pending = [] }) {
    this.user = user ?? null;
    if (attrs && !this.attrs) this.attrs = new Attrs(attrs);
    for (const mutation of pending) this.pending.add(mutation);
    this.queries.showAll();
    this.connect(0);
  }

  // -- the line ----------------------------------------------------------------------------------

  /** A transport is being opened. */
  connecting() {
    this.setStatus('connecting');
  }

  /** It is open; nothing was said on it yet. */
  opened() {
    this.setStatus('opened');
    const { appId, versions, adminToken } = this.options;
    this.say(this.newId(), {
      op: 'init',
      'app-id': appId,
      versions,
      ...(this.user?.refresh_token && { 'refresh-token': this.user.refresh_token }),
      ...(adminToken && { '__admin-token': adminToken }),
    });
  }

  /** The transport is gone. */
  lost() {
    if (this.status === 'closed') return;
    this.setStatus('closed');
    this.writes.lineLost();
    this.rooms.lineLost();
    const delay = Math.min(this.failures * DELAY_STEP_MS, LONGEST_DELAY_MS);
    this.failures += 1;
    this.connect(delay * (0.75 + 0.5 * (this.options.random ?? Math.random)()));
  }

  /** @param {number} afterMs */
  connect(afterMs) {
    if (this.isOnline) this.effects.add({ do: 'connect', afterMs });
    else this.setStatus('closed');
  }

  /** The line is taken for dead, or must be opened as somebody else. */
  reconnect() {
    this.effects.add({ do: 'disconnect' });
    this.failures = 0;
    if (this.status === 'closed') this.connect(0);
    else this.lost();
  }

  /** @param {boolean} isOnline */
  networkIs(isOnline) {
    if (this.isOnline === isOnline) return;
    this.isOnline = isOnline;
    this.reconnect();
  }

  /** @param {Status} status */
  setStatus(status) {
    if (this.status === status) return;
    this.status = status;
    this.effects.inform(this.statusListeners, status);
  }

  isAuthenticated() {
    return this.status === 'authenticated';
  }

  /** @param {string} eventId @param {Record<string, any>} message said again after init-ok, if it
   * cannot be said now */
  send(eventId, message) {
    if (this.isAuthenticated()) this.say(eventId, message);
  }

  /** @param {string} eventId @param {Record<string, any>} message */
  say(eventId, message) {
    this.effects.add({ do: 'send', message: { 'client-event-id': eventId, ...message } });
  }

  // -- what the server says ----------------------------------------------------------------------

  /** @param {Record<string, any> | Record<string, any>[]} frame */
  received(frame) {
    for (const message of [frame].flat()) this.receivedOne(message);
  }

  /** @param {Record<string, any>} message */
  receivedOne(message) {
    switch (message.op) {
      case 'init-ok':
        return this.authenticated(message);
      case 'add-query-ok':
        return this.answered([[message.q, message.result]], message['processed-tx-id']);
      case 'add-query-exists':
        return this.queries.settleOnces(message.q);
      case 'refresh-ok':
        return this.refreshed(message);
      case 'transact-ok':
        return this.writes.confirmed(message['client-event-id'], message['tx-id']);
      case 'app-status-changed':
        return this.setAppStatus(message.status);
      case 'error':
        return this.refused(message);
      default:
        if (message['room-id']) this.rooms.received(message);
    }
  }

  /** @param {Record<string, any>} message */
  authenticated(message) {
    this.failures = 0;
    this.sessionId = message['session-id'];
    this.authenticatedAt = this.now();
    this.setStatus('authenticated');
    this.setAppStatus(message['app-status']?.status ?? 'active');
    this.setAttrs(new Attrs(message.attrs));
    this.queries.showAll();
    this.queries.askAll();
    this.writes.sendAll();
    this.rooms.joinAll();
    this.retire();
  }

  /** @param {Record<string, any>} message */
  refreshed(message) {
    if (message.attrs) this.setAttrs(new Attrs(message.attrs));
    const computed = message.computations.map((/** @type {any} */ one) => {
      return [one['instaql-query'], one['instaql-result']];
    });
    this.answered(computed, message['processed-tx-id']);
    if (message.attrs) this.queries.showAll();
  }

  /** @param {[any, any[]][]} computed @param {number} processedTxId */
  answered(computed, processedTxId) {
    for (const [query, result] of computed) this.queries.answered(query, result, processedTxId);
    for (const [query] of computed) this.queries.showQuery(query);
    for (const [query] of computed) this.queries.settleOnces(query);
    this.retire();
  }

  /** @param {Record<string, any>} message */
  refused(message) {
    const error = InstantError.from(message);
    const eventId = message['client-event-id'];
    const original = message['original-event'] ?? {};
    if (eventId && this.writes.refused(eventId, error)) return;
    if (original.op === 'add-query' && original.q) {
      this.queries.refused(original.q, eventId, error);
    } else if (original.op === 'init') {
      if (message.type === 'record-not-found' && error.hint?.['record-type'] === 'app-user') {
        this.setUser(null);
      } else {
        this.setStatus('errored');
        this.effects.inform(this.writes.errorListeners, error);
      }
    } else {
      this.effects.inform(this.writes.errorListeners, error);
    }
  }

  /** @param {string} status */
  setAppStatus(status) {
    const wasDisabled = this.appStatus === 'disabled';
    this.appStatus = status;
    if (status === 'disabled') {
      const error = new InstantError('This app is disabled.', { type: 'app-disabled' });
      for (const live of this.queries.byKey.values()) this.queries.fail(live, error);
    } else if (wasDisabled) {
      this.reconnect();
    }
  }

  // -- what is known -----------------------------------------------------------------------------

  knownAttrs() {
    return this.attrs ?? new Attrs();
  }

  /** @param {Attrs} attrs */
  setAttrs(attrs) {
    this.attrs = attrs;
    this.queries.forgetStores();
    this.effects.add({ do: 'save', store: 'kv', key: 'attrs', value: attrs.toJSON() });
  }

  /** @param {Attr[]} made attrs that a confirmed change of ours made */
  learnAttrs(made) {
    const known = this.knownAttrs();
    const unknown = made.filter(({ id, 'forward-identity': [, etype, label] }) => {
      return !known.get(id) && !known.find(etype, label);
    });
    if (unknown.length) this.setAttrs(known.with(unknown));
  }

  /** Changes that every answer shows are not pending any more (see `Pending`). */
  retire() {
    const [now, oldest] = [this.now(), this.queries.oldestTxId()];
    const gone = this.pending.retire(oldest, this.isAuthenticated() ? now - this.authenticatedAt : 0, now);
    for (const { eventId } of gone) this.effects.add({ do: 'forget', store: 'pending', key: eventId });
    if (gone.some(({ txId = 0 }) => txId > oldest)) this.queries.showAll();
    if (this.isAuthenticated() && this.pending.list.some(({ txId }) => txId !== undefined)) {
      this.deadlines.set('linger', now + LINGER_MS, () => this.retire());
    }
  }

  /**
   * Somebody signed in or out: nothing of the one before is kept, and the line is opened anew.
   * @param {User | null} user
   * @param {boolean} [isStored] another tab did so, and stored it; what is there now is the user's
   */
  setUser(user, isStored = false) {
    this.user = user;
    this.writes.abandonAll('Another user has signed in.');
    this.queries.forgetResults();
    if (!isStored) this.effects.add({ do: 'forget-all' });
    if (user && !isStored) this.effects.add({ do: 'save', store: 'kv', key: 'user', value: user });
    this.effects.inform(this.userListeners, user);
    this.reconnect();
  }
}

/** @param {import('../instaml/missing_attrs.js').Schema} [schema] */
function singularLinks(schema) {
  /** @type {Set<string>} */
  const singular = new Set();
  for (const { forward, reverse } of Object.values(schema?.links ?? {})) {
    for (const { on, label, has } of [forward, reverse]) {
      if (has === 'one') singular.add(`${on} ${label}`);
    }
  }
  return (/** @type {string} */ etype, /** @type {string} */ label) => {
    return singular.has(`${etype} ${label}`);
  };
}
