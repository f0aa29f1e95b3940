// A Reactor with a clock and ids that count, and everything it wants done, sorted by kind. The same
// steps that drive it in a test drive it in a recording (`record.mjs`).

import { tx } from '../instaml/chunks.js';
import { Reactor } from '../reactor/reactor.js';

/** @param {number} number */
export const testId = (number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export class Harness {
  constructor({ firstId = 0, ...options } = {}) {
    this.time = 1_000_000;
    let ids = firstId;
    this.reactor = new Reactor({
      appId: testId(0),
      versions: { '@instantdb/core': 'v1.0.67' },
      now: () => this.time,
      newId: () => testId(++ids),
      random: () => 0.5,
      ...options,
    });
    /** @type {Record<string, any[]>} */
    this.done = {};
    this.stops = {};
    this.rooms = {};
    this.settled = {};
    this.shown = {};
  }

  /** Everything wanted since the last time; listeners are called on the way. */
  take() {
    const taken = [];
    for (let list = this.reactor.take(); list.length; list = this.reactor.take()) {
      for (const effect of list) {
        if (effect.do === 'inform') effect.listener(effect.value);
        else taken.push(effect);
      }
    }
    return taken;
  }

  /** @returns {any[]} messages that are to be sent */
  sent() {
    return this.take()
      .filter((effect) => effect.do === 'send')
      .map(({ message }) => message);
  }

  ops() {
    return this.sent().map(({ op }) => op);
  }

  /** Connected and let in. @param {any[]} attrs */
  online(attrs = [], more = {}) {
    this.reactor.start({});
    this.reactor.connecting();
    this.reactor.opened();
    this.reactor.received({ op: 'init-ok', 'session-id': 'me', attrs, ...more });
    this.take();
    return this;
  }

  /** Input by name, as recordings have them. @param {[string, ...any[]]} step */
  act([name, ...args]) {
    const { reactor } = this;
    const steps = {
      subscribe: (label, query) => {
        this.shown[label] = [];
        this.stops[label] = reactor.queries.subscribe(query, (state) => {
          this.shown[label].push(state.error?.message ?? state.data);
        });
      },
      unsubscribe: (label) => this.stops[label](),
      once: (label, query) => reactor.queries.once(query, this.promise(label)),
      transact: (label, changes) =>
        reactor.writes.transact(changes.map(chunkOf), this.promise(label)),
      join: (room, presence) => {
        this.rooms[room] = reactor.rooms.join('chat', room, presence);
        this.shown[room] = [];
        reactor.rooms.watch(this.rooms[room], {
          options: {},
          listener: ({ peers }) => this.shown[room].push(peers),
          seen: null,
        });
        reactor.rooms.listen(this.rooms[room], 'said', (event) => this.shown[room].push(event));
      },
      leave: (room) => reactor.rooms.leave(this.rooms[room]),
      presence: (room, change) => reactor.rooms.publishPresence(this.rooms[room], change),
      say: (room, data) => reactor.rooms.publishTopic(this.rooms[room], 'said', data),
      lost: () => reactor.lost(),
      opened: () => {
        reactor.connecting();
        reactor.opened();
      },
      start: (stored) => reactor.start(stored),
    };
    return steps[name](...args);
  }

  promise(label) {
    return {
      resolve: (value) => (this.settled[label] = value),
      reject: (error) => (this.settled[label] = error.message),
    };
  }
}

/** `['todos', id, ['update', {…}], …]` as a chunk. */
function chunkOf([etype, id, ...actions]) {
  return actions.reduce((chunk, [action, args, opts]) => chunk[action](args, opts), tx[etype][id]);
}

/** The wire form of an answer. @param {any[]} triples */
export function nodes(triples, more = {}) {
  return [{ data: { 'datalog-result': { 'join-rows': [triples] }, ...more }, 'child-nodes': [] }];
}

export function answer(q, triples, processed, more) {
  return { op: 'add-query-ok', q, result: nodes(triples, more), 'processed-tx-id': processed };
}

export function refresh(q, triples, processed, attrs) {
  const computations = q ? [{ 'instaql-query': q, 'instaql-result': nodes(triples) }] : [];
  return { op: 'refresh-ok', computations, 'processed-tx-id': processed, ...(attrs && { attrs }) };
}
