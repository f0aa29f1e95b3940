/**
 * @param {string} name
 * @param {Partial<Bounds>} [bounds]
 * @returns {Promise<Storage>} in memory only, where the browser has or allows nothing better
 */
export function openStorage(name: string, bounds?: Partial<Bounds>): Promise<Storage>;
/** @implements {Storage} */
export class IndexedDBStorage implements Storage {
    /** @param {IDBDatabase} database @param {Bounds} bounds */
    constructor(database: IDBDatabase, bounds: Bounds);
    database: IDBDatabase;
    bounds: Bounds;
    warned: boolean;
    /** @param {StoreName} store @param {string} key */
    get(store: StoreName, key: string): Promise<any>;
    /** @param {StoreName} store @returns {Promise<any[]>} */
    all(store: StoreName): Promise<any[]>;
    /** @param {StoreName} store @param {string} key @param {any} value */
    put(store: StoreName, key: string, value: any): Promise<void>;
    /** @param {StoreName} store @param {string} key */
    delete(store: StoreName, key: string): Promise<void>;
    clear(): Promise<void>;
    close(): void;
    /** @param {string} store @param {(objects: IDBObjectStore) => void} change */
    write(store: string, change: (objects: IDBObjectStore) => void): Promise<any>;
    /** @param {string} key @param {{triples?: any[]}} answer */
    used(key: string, answer: {
        triples?: any[];
    }): Promise<void>;
    /** @param {unknown} error @param {() => Promise<any>} write */
    makeRoom(error: unknown, write: () => Promise<any>): Promise<void>;
    /**
     * Forget the answers that are too many, too large together or too old.
     * @param {number} share of the bounds, and of the answers there are, that may stay
     */
    evict(share?: number): Promise<void>;
}
export type Storage = import("./memory.js").Storage;
export type StoreName = import("./memory.js").StoreName;
export type Bounds = {
    answers: number;
    triples: number;
    ageMs: number;
};
