export class Client {
    /** @param {ClientOptions} options */
    constructor(options: ClientOptions);
    reactor: Reactor;
    line: Line;
    isWorking: boolean;
    isOver: boolean;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    alarm: ReturnType<typeof setTimeout> | undefined;
    /** @type {Map<string, () => Promise<void>>} writes that wait for their moment, by store and key */
    unsaved: Map<string, () => Promise<void>>;
    /** @type {Promise<any>} settled once everything that was to be written is */
    written: Promise<any>;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    saving: ReturnType<typeof setTimeout> | undefined;
    storage: Promise<import("./storage/memory.js").Storage>;
    leaving: () => void;
    stopListening: () => void;
    /** @type {Promise<void>} settled once what an earlier visit left is known */
    ready: Promise<void>;
    begin(): Promise<void>;
    /**
     * What is stored; undefined where it cannot be read: the page goes on without.
     * @param {(storage: Storage) => Promise<any>} read
     */
    stored(read: (storage: Storage) => Promise<any>): Promise<any>;
    /**
     * Give the Reactor an input, and do what it wants done about it.
     * @template T
     * @param {(reactor: Reactor) => T} input
     * @returns {T}
     */
    tell<T>(input: (reactor: Reactor) => T): T;
    work(): void;
    watchTheClock(): void;
    /** @param {Effect} effect */
    perform(effect: Effect): void;
    /** @param {string} key */
    load(key: string): Promise<void>;
    /**
     * @param {import('./reactor/effects.js').StoreName} store
     * @param {string} key
     * @param {any} value
     */
    save(store: import("./reactor/effects.js").StoreName, key: string, value: any): void;
    /** @param {import('./reactor/effects.js').StoreName} store @param {string} key */
    forget(store: import("./reactor/effects.js").StoreName, key: string): void;
    /**
     * @param {string} store @param {string} key @param {(storage: Storage) => Promise<void>} write
     * @param {number} delayMs
     */
    later(store: string, key: string, write: (storage: Storage) => Promise<void>, delayMs: number): void;
    saveNow(): void;
    shutdown(): Promise<void>;
}
export type Effect = import("./reactor/effects.js").Effect;
export type Storage = import("./storage/memory.js").Storage;
export type Network = {
    isOnline: () => boolean;
    listen: (told: (isOnline: boolean) => void) => () => void;
};
export type ClientOptions = {
    appId: string;
    versions: Record<string, string>;
    adminToken?: string;
    schema?: import("./instaml/missing_attrs.js").Schema;
    transports: import("./network/websocket.js").OpenTransport[];
    openStorage: () => Promise<Storage>;
    network: Network;
};
import { Reactor } from './reactor/reactor.js';
import { Line } from './network/line.js';
