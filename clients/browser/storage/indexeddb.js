// What outlives the page: answers, pending changes, the user. One database an app.
//
// Answers are a cache: they are bounded, the longest unused go first, and when the browser says
// that there is no more room, half of them go. If that does not help either, the client goes on
// without storage rather than without the page.

import { MemoryStorage } from './memory.js';

/**
 * @typedef {import('./memory.js').Storage} Storage
 * @typedef {import('./memory.js').StoreName} StoreName
 * @typedef {{answers: number, triples: number, ageMs: number}} Bounds
 */

const VERSION = 1;
/** @type {Bounds} */
const BOUNDS = { answers: 1000, triples: 1_000_000, ageMs: 365 * 24 * 3_600_000 };

/**
 * @param {string} name
 * @param {Partial<Bounds>} [bounds]
 * @returns {Promise<Storage>} in memory only, where the browser has or allows nothing better
 */
export async function openStorage(name, bounds) {
  if (typeof indexedDB === 'undefined') return new MemoryStorage();
  try {
    const storage = new IndexedDBStorage(await open(name), { ...BOUNDS, ...bounds });
    await storage.evict();
    return storage;
  } catch (error) {
    console.warn('Nothing will be kept for the next visit:', error);
    return new MemoryStorage();
  }
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
function open(name) {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => {
    for (const store of ['kv', 'pending', 'queries']) request.result.createObjectStore(store);
    // How large an answer is and when it was used, so that eviction need not read answers.
    request.result.createObjectStore('uses').createIndex('at', 'at');
  };
  return settled(request);
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @implements {Storage} */
export class IndexedDBStorage {
  /** @param {IDBDatabase} database @param {Bounds} bounds */
  constructor(database, bounds) {
    this.database = database;
    this.bounds = bounds;
    this.warned = false;
    database.onversionchange = () => database.close(); // a newer page wants to change it
  }

  /** @param {StoreName} store @param {string} key */
  async get(store, key) {
    const value = await settled(this.database.transaction(store).objectStore(store).get(key));
    if (store === 'queries' && value) await this.used(key, value);
    return value;
  }

  /** @param {StoreName} store @returns {Promise<any[]>} */
  all(store) {
    return settled(this.database.transaction(store).objectStore(store).getAll());
  }

  /** @param {StoreName} store @param {string} key @param {any} value */
  async put(store, key, value) {
    const write = () => this.write(store, (objects) => objects.put(value, key));
    try {
      await write();
    } catch (error) {
      await this.makeRoom(error, write);
    }
    if (store === 'queries') await this.used(key, value);
  }

  /** @param {StoreName} store @param {string} key */
  async delete(store, key) {
    await this.write(store, (objects) => objects.delete(key));
  }

  async clear() {
    const stores = ['pending', 'queries', 'uses'];
    const transaction = this.database.transaction(['kv', ...stores], 'readwrite');
    transaction.objectStore('kv').delete('user');
    await Promise.all(stores.map((store) => settled(transaction.objectStore(store).clear())));
  }

  close() {
    this.database.close();
  }

  /** @param {string} store @param {(objects: IDBObjectStore) => void} change */
  write(store, change) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(store, 'readwrite');
      transaction.oncomplete = () => resolve(undefined);
      transaction.onabort = () => reject(transaction.error);
      change(transaction.objectStore(store));
    });
  }

  /** @param {string} key @param {{triples?: any[]}} answer */
  async used(key, answer) {
    const use = { key, at: Date.now(), triples: answer.triples?.length ?? 0 };
    await this.write('uses', (uses) => uses.put(use, key)).catch(() => {}); // it is only older
  }

  /** @param {unknown} error @param {() => Promise<any>} write */
  async makeRoom(error, write) {
    try {
      await this.evict(0.5);
      await write();
    } catch {
      if (!this.warned) console.warn('This browser stores no more for the next visit:', error);
      this.warned = true;
    }
  }

  /**
   * Forget the answers that are too many, too large together or too old.
   * @param {number} share of the bounds, and of the answers there are, that may stay
   */
  async evict(share = 1) {
    const uses = await settled(
      this.database.transaction('uses').objectStore('uses').index('at').getAll(),
    );
    const most = share < 1 ? uses.length * share : this.bounds.answers;
    const oldest = Date.now() - this.bounds.ageMs;
    let triples = 0;
    const gone = uses.reverse().filter((use, at) => {
      triples += use.triples;
      return at >= most || triples > this.bounds.triples * share || use.at < oldest;
    });
    for (const { key } of gone) {
      await this.write('queries', (queries) => queries.delete(key));
      await this.write('uses', (all) => all.delete(key));
    }
  }
}
