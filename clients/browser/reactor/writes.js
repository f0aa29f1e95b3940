// Writing: a change is shown at once, sent when there is a line, and kept until it is answered.
//
// A change that was sent and not answered in time is not given up: the server does each event id
// once (realtime.md §6.4), so the line is taken for dead and the change is sent again on the next.

import { stepsOf } from '../instaml/steps.js';
import { isShown } from '../store/apply.js';
import { InstantError } from './instant_error.js';

/**
 * @typedef {import('./reactor.js').Reactor} Core
 * @typedef {import('./pending.js').Mutation} Mutation
 * @typedef {{resolve: (value: any) => void, reject: (error: any) => void}} Promised
 */

const ANSWER_MS = 6000; // the server gives up after 5 s
const LONGEST_DOUBLING = 4; // a server that is slow for everybody must not be asked ever again

export class Writes {
  /** @param {Core} core */
  constructor(core) {
    this.core = core;
    /** @type {Map<string, Promised>} */
    this.promises = new Map();
    /** @type {Set<string>} */
    this.inFlight = new Set();
    this.silences = 0; // lines that were given up for want of answers, since the last answer
    /** @type {Set<(error: any) => void>} */
    this.errorListeners = new Set();
  }

  /**
   * @param {import('../instaml/chunks.js').Chunk | import('../instaml/chunks.js').Chunk[]} chunks
   * @param {Promised} promised
   */
  transact(chunks, promised) {
    const { core } = this;
    if (core.appStatus !== 'active') {
      return core.effects.inform(
        [promised.reject],
        new InstantError(`This app is ${core.appStatus}.`),
      );
    }
    try {
      this.begin(this.steps(chunks), promised);
    } catch (error) {
      core.effects.inform([promised.reject], error);
    }
  }

  /** @param {any} chunks */
  steps(chunks) {
    const { core } = this;
    const stores = core.queries.shownStores();
    const steps = stepsOf(chunks, {
      attrs: core.pending.attrsOver(core.knownAttrs()),
      newId: core.newId,
      schema: core.schema,
      exists: (etype, target) => stores.some((store) => isShown(store, etype, target)),
    });
    return JSON.parse(JSON.stringify(steps)); // dates, say: what shows and is stored is what travels
  }

  /** @param {import('../instaml/steps.js').Step[]} steps @param {Promised} promised */
  begin(steps, promised) {
    const { core } = this;
    /** @type {Mutation} */
    const mutation = {
      eventId: core.newId(),
      steps,
      order: core.pending.nextOrder(),
      created: core.now(),
    };
    core.pending.add(mutation);
    core.effects.add({ do: 'save', store: 'pending', key: mutation.eventId, value: mutation });
    this.promises.set(mutation.eventId, promised);
    core.queries.showAll();
    if (core.isAuthenticated()) this.send(mutation);
    else this.settle(mutation.eventId, 'enqueued');
  }

  /** @param {Mutation} mutation */
  send(mutation) {
    const { core } = this;
    const { eventId, created, order } = mutation;
    const steps = core.pending.stepsFor(mutation, core.knownAttrs());
    core.send(eventId, { op: 'transact', 'tx-steps': steps, created, order });
    this.inFlight.add(eventId);
    const patience = ANSWER_MS * this.inFlight.size * 2 ** Math.min(this.silences, LONGEST_DOUBLING);
    core.deadlines.set(eventId, core.now() + patience, () => {
      this.silences += 1;
      core.reconnect();
    });
  }

  /** After a new connection: what was not answered is sent again, in order. */
  sendAll() {
    for (const mutation of this.core.pending.unanswered()) this.send(mutation);
  }

  /** The line is gone, and with it every answer that was still to come on it. */
  lineLost() {
    for (const eventId of this.inFlight) this.core.deadlines.clear(eventId);
    this.inFlight.clear();
  }

  /** @param {string} eventId @param {number} txId */
  confirmed(eventId, txId) {
    const { core } = this;
    const mutation = core.pending.confirm(eventId, txId, core.now());
    this.answered(eventId);
    if (!mutation) return;
    const made = mutation.steps.filter(([action]) => action === 'add-attr');
    core.learnAttrs(made.map(([, { isUnsynced, ...attr }]) => attr));
    core.effects.add({ do: 'save', store: 'pending', key: eventId, value: mutation });
    this.settle(eventId, 'synced');
    core.queries.showSince(txId);
    core.retire();
  }

  /**
   * The server refused a change: it is as if it had never been.
   * @param {string} eventId @param {InstantError} error
   * @returns {boolean} whether it was a change of ours
   */
  refused(eventId, error) {
    const mutation = this.core.pending.remove(eventId);
    if (!mutation) return false;
    this.answered(eventId);
    this.core.effects.add({ do: 'forget', store: 'pending', key: eventId });
    this.core.queries.showAll();
    this.core.effects.inform(this.errorListeners, error);
    const promised = this.promises.get(eventId);
    this.promises.delete(eventId);
    if (promised) this.core.effects.inform([promised.reject], error);
    return true;
  }

  /** @param {string} eventId */
  answered(eventId) {
    this.silences = 0;
    this.inFlight.delete(eventId);
    this.core.deadlines.clear(eventId);
  }

  /** @param {string} eventId @param {'synced' | 'enqueued'} status */
  settle(eventId, status) {
    const promised = this.promises.get(eventId);
    this.promises.delete(eventId);
    if (promised) this.core.effects.inform([promised.resolve], { status, clientId: eventId });
  }

  /** @param {string} why every change is given up: another user is here now */
  abandonAll(why) {
    for (const { eventId } of this.core.pending.unanswered()) {
      this.refused(eventId, new InstantError(why));
    }
    this.core.pending.list = [];
  }
}
