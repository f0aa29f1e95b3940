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
export class MemoryStorage implements Storage {
    /** @type {Map<string, Map<string, any>>} */
    stores: Map<string, Map<string, any>>;
    /** @param {StoreName} store */
    named(store: StoreName): Map<any, any>;
    /** @param {StoreName} store @param {string} key */
    get(store: StoreName, key: string): Promise<any>;
    /** @param {StoreName} store */
    all(store: StoreName): Promise<any[]>;
    /** @param {StoreName} store @param {string} key @param {any} value */
    put(store: StoreName, key: string, value: any): Promise<void>;
    /** @param {StoreName} store @param {string} key */
    delete(store: StoreName, key: string): Promise<void>;
    clear(): Promise<void>;
    close(): void;
}
/**
 * What an earlier visit left behind. Nothing here ever fails because the storage is full; `clear`
 * forgets what belongs to a user.
 */
export type Storage = {
    get: (store: StoreName, key: string) => Promise<any>;
    all: (store: StoreName) => Promise<any[]>;
    put: (store: StoreName, key: string, value: any) => Promise<void>;
    delete: (store: StoreName, key: string) => Promise<void>;
    clear: () => Promise<void>;
    close: () => void;
};
/**
 * What an earlier visit left behind. Nothing here ever fails because the storage is full; `clear`
 * forgets what belongs to a user.
 */
export type StoreName = import("../reactor/effects.js").StoreName;
