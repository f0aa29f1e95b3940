// Storage that forgets with the page: where there is no IndexedDB, or it is not allowed. It keeps
// the same promise as `indexeddb.js`, and the tests run over both.

/**
 * What an earlier visit left behind. Nothing here ever fails because the storage is full; `clear`
 * forgets what belongs to a user.
 * @typedef {{
 *   get: (store: StoreName, key: string) => Promise<any>,
 *   all: (store: StoreName) => Promise<any[]>,
 *   put: (store: StoreName, key: string, value: any) => Promise<void>,
 *   delete: (store: StoreName, key: string) => Promise<void>,
 *   clear: () => Promise<void>,
 *   close: () => void,
 * }} Storage
 * @typedef {import('../reactor/effects.js').StoreName} StoreName
 */

/** @implements {Storage} */
export class MemoryStorage {
  constructor() {
    /** @type {Map<string, Map<string, any>>} */
    this.stores = new Map();
  }

  /** @param {StoreName} store */
  named(store) {
    const found = this.stores.get(store) ?? new Map();
    this.stores.set(store, found);
    return found;
  }

  /** @param {StoreName} store @param {string} key */
  async get(store, key) {
    return this.named(store).get(key);
  }

  /** @param {StoreName} store */
  async all(store) {
    return [...this.named(store).values()];
  }

  /** @param {StoreName} store @param {string} key @param {any} value */
  async put(store, key, value) {
    this.named(store).set(key, structuredClone(value));
  }

  /** @param {StoreName} store @param {string} key */
  async delete(store, key) {
    this.named(store).delete(key);
  }

  async clear() {
    this.named('kv').delete('user');
    this.named('pending').clear();
    this.named('queries').clear();
  }

  close() {}
}
