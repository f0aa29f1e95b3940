// Around the Reactor: works through its effects, tells it what the line and the clock say, and
// keeps on disk what it wants kept. Everything that waits is here.

import { canonical } from './json.js';
import { id } from './id.js';
import { Line } from './network/line.js';
import { Reactor } from './reactor/reactor.js';

/**
 * @typedef {import('./reactor/effects.js').Effect} Effect
 * @typedef {import('./storage/memory.js').Storage} Storage
 * @typedef {{isOnline: () => boolean, listen: (told: (isOnline: boolean) => void) => () => void}}
 *   Network
 * @typedef {{
 *   appId: string, versions: Record<string, string>, adminToken?: string,
 *   schema?: import('./instaml/missing_attrs.js').Schema,
 *   transports: import('./network/websocket.js').OpenTransport[],
 *   openStorage: () => Promise<Storage>, network: Network,
 * }} ClientOptions
 */

const SAVE_AFTER_MS = 100; // answers that change often are written once in a while

export class Client {
  /** @param {ClientOptions} options */
  constructor(options) {
    this.reactor = new Reactor({
      ...options,
      now: Date.now,
      newId: id,
      isOnline: options.network.isOnline(),
    });
    this.line = new Line(options.transports, {
      connecting: () => this.tell((reactor) => reactor.connecting()),
      opened: () => this.tell((reactor) => reactor.opened()),
      received: (frame) => this.tell((reactor) => reactor.received(frame)),
      lost: () => this.tell((reactor) => reactor.lost()),
    });
    this.isWorking = false;
    this.isOver = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.alarm = undefined;
    /** @type {Map<string, () => Promise<void>>} writes that wait for their moment, by store and key */
    this.unsaved = new Map();
    /** @type {Promise<any>} settled once everything that was to be written is */
    this.written = Promise.resolve();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.saving = undefined;
    this.storage = options.openStorage();
    this.leaving = () => this.saveNow();
    globalThis.addEventListener?.('pagehide', this.leaving);
    this.stopListening = options.network.listen((isOnline) => {
      this.tell((reactor) => reactor.networkIs(isOnline));
    });
    /** @type {Promise<void>} settled once what an earlier visit left is known */
    this.ready = this.begin();
  }

  async begin() {
    const [user, attrs, pending] = await Promise.all([
      this.stored((storage) => storage.get('kv', 'user')),
      this.stored((storage) => storage.get('kv', 'attrs')),
      this.stored((storage) => storage.all('pending')),
    ]);
    this.tell((reactor) => reactor.start({ user, attrs, pending }));
  }

  /**
   * What is stored; undefined where it cannot be read: the page goes on without.
   * @param {(storage: Storage) => Promise<any>} read
   */
  stored(read) {
    return this.storage.then(read).catch((error) => void console.warn(error));
  }

  /**
   * Give the Reactor an input, and do what it wants done about it.
   * @template T
   * @param {(reactor: Reactor) => T} input
   * @returns {T}
   */
  tell(input) {
    const answer = input(this.reactor);
    if (!this.isWorking) this.work();
    return answer;
  }

  work() {
    this.isWorking = true;
    for (let todo = this.reactor.take(); todo.length; todo = this.reactor.take()) {
      for (const effect of todo) if (!this.isOver) this.perform(effect);
    }
    this.isWorking = false;
    this.watchTheClock();
  }

  watchTheClock() {
    clearTimeout(this.alarm);
    const at = this.reactor.deadlines.next();
    if (at === Infinity || this.isOver) return;
    this.alarm = setTimeout(
      () => {
        this.tell((reactor) => reactor.deadlines.pass(Date.now()));
      },
      Math.max(0, at - Date.now()),
    );
  }

  /** @param {Effect} effect */
  perform(effect) {
    switch (effect.do) {
      case 'connect':
        return this.line.connect(effect.afterMs);
      case 'disconnect':
        return this.line.disconnect();
      case 'send':
        return this.line.send(effect.message);
      case 'inform':
        return inform(effect.listener, effect.value);
      case 'load':
        return void this.load(effect.key);
      case 'save':
        return this.save(effect.store, effect.key, effect.value);
      case 'forget':
        return this.forget(effect.store, effect.key);
      case 'forget-all':
        this.unsaved.clear();
        return this.later('kv', '*', (storage) => storage.clear(), 0);
    }
  }

  /** @param {string} key */
  async load(key) {
    const result = await this.stored((storage) => storage.get('queries', key));
    if (result) this.tell((reactor) => reactor.queries.restored(key, result));
  }

  /**
   * @param {import('./reactor/effects.js').StoreName} store
   * @param {string} key
   * @param {any} value
   */
  save(store, key, value) {
    const delay = store === 'queries' ? SAVE_AFTER_MS : 0;
    this.later(store, key, (storage) => storage.put(store, key, value), delay);
  }

  /** @param {import('./reactor/effects.js').StoreName} store @param {string} key */
  forget(store, key) {
    this.later(store, key, (storage) => storage.delete(store, key), 0);
  }

  /**
   * @param {string} store @param {string} key @param {(storage: Storage) => Promise<void>} write
   * @param {number} delayMs
   */
  later(store, key, write, delayMs) {
    this.unsaved.set(canonical([store, key]), () => this.storage.then(write));
    if (delayMs === 0) return this.saveNow();
    this.saving ??= setTimeout(() => this.saveNow(), delayMs);
  }

  saveNow() {
    clearTimeout(this.saving);
    this.saving = undefined;
    const writes = [...this.unsaved.values()];
    this.unsaved.clear();
    this.written = Promise.allSettled([this.written, ...writes.map((write) => write())]);
  }

  async shutdown() {
    this.saveNow();
    this.isOver = true;
    this.stopListening();
    globalThis.removeEventListener?.('pagehide', this.leaving);
    clearTimeout(this.alarm);
    this.line.disconnect();
    (await this.storage).close();
  }
}

/** @param {(value: any) => void} listener @param {any} value */
function inform(listener, value) {
  try {
    listener(value);
  } catch (error) {
    console.error(error); // one listener's fault is not the others'
  }
}
