/**
 * @typedef {import('./instaql/plan.js').Query} Query
 * @typedef {import('./instaml/chunks.js').Chunk} Chunk
 * @typedef {import('./reactor/reactor.js').Status} Status
 * @typedef {{
 *   appId: string,
 *   apiURI?: string,
 *   websocketURI?: string,
 *   schema?: import('./instaml/missing_attrs.js').Schema,
 *   adminToken?: string,
 *   storageName?: string,
 *   network?: import('./client.js').Network,
 *   WebSocket?: typeof WebSocket,
 *   EventSource?: typeof EventSource,
 *   fetch?: typeof fetch,
 * }} Config the addresses are those of this page's server where they are not given; clients with
 *   different storage names are different users, as in different browsers
 * @typedef {{data: any, pageInfo?: any, error?: InstantError, isStored?: boolean}} QueryState stored:
 *   of an earlier visit, the server has not answered yet
 */
/**
 * Connect to an app.
 * @param {Config} config
 * @returns {Database}
 */
export function init(config: Config): Database;
export const version: "1.0.0";
export class Database {
    /** @param {Config} config */
    constructor(config: Config);
    client: Client;
    auth: Auth;
    /** Builds changes: `db.tx.todos[id()].update({text: 'milk'})`. */
    tx: Record<string, any>;
    /**
     * Write. What it changes shows at once; the promise says whether the server has it (`synced`) or
     * it waits for a connection (`enqueued`), and is rejected when the server refuses it.
     * @param {Chunk | Chunk[]} chunks
     * @returns {Promise<{status: 'synced' | 'enqueued', clientId: string}>}
     */
    transact(chunks: Chunk | Chunk[]): Promise<{
        status: "synced" | "enqueued";
        clientId: string;
    }>;
    /**
     * Be told the answer to a query whenever it changes.
     * @param {Query} query
     * @param {(state: QueryState) => void} listener
     * @returns {() => void} stop
     */
    subscribeQuery(query: Query, listener: (state: QueryState) => void): () => void;
    /**
     * Ask the server once; rejected at once when offline.
     * @param {Query} query
     * @returns {Promise<{data: any, pageInfo?: any}>}
     */
    queryOnce(query: Query): Promise<{
        data: any;
        pageInfo?: any;
    }>;
    /**
     * A list that grows by pages and stays live.
     * @param {Record<string, any>} query
     * @param {(state: any) => void} listener
     */
    subscribeInfiniteQuery(query: Record<string, any>, listener: (state: any) => void): InfiniteQuery;
    /**
     * Show a live query in an element.
     * @param {Element} element
     * @param {Query} query
     * @param {(state: any) => any} render
     */
    live(element: Element, query: Query, render: (state: any) => any): () => void;
    /** @param {string} [type] @param {string} [roomId] @param {{initialPresence?: any}} [options] */
    joinRoom(type?: string, roomId?: string, { initialPresence }?: {
        initialPresence?: any;
    }): Room;
    /** @param {(state: import('./auth.js').AuthState) => void} listener */
    subscribeAuth(listener: (state: import("./auth.js").AuthState) => void): () => undefined;
    getAuth(): Promise<import("./reactor/reactor.js").User | null>;
    /** @param {(status: Status) => void} listener told the present one at once */
    subscribeConnectionStatus(listener: (status: Status) => void): () => undefined;
    /**
     * Be told of every write that the server refuses, also of those whose promise settled long ago.
     * @param {(error: InstantError) => void} listener
     */
    subscribeRefusals(listener: (error: InstantError) => void): () => undefined;
    /** An id that this browser keeps under a name. @param {string} name @returns {Promise<string>} */
    getLocalId(name: string): Promise<string>;
    /** Changes that the server has not confirmed. */
    get pendingCount(): number;
    shutdown(): Promise<void>;
}
export type Query = import("./instaql/plan.js").Query;
export type Chunk = import("./instaml/chunks.js").Chunk;
export type Status = import("./reactor/reactor.js").Status;
/**
 * the addresses are those of this page's server where they are not given; clients with
 * different storage names are different users, as in different browsers
 */
export type Config = {
    appId: string;
    apiURI?: string;
    websocketURI?: string;
    schema?: import("./instaml/missing_attrs.js").Schema;
    adminToken?: string;
    storageName?: string;
    network?: import("./client.js").Network;
    WebSocket?: typeof WebSocket;
    EventSource?: typeof EventSource;
    fetch?: typeof fetch;
};
/**
 * stored:
 * of an earlier visit, the server has not answered yet
 */
export type QueryState = {
    data: any;
    pageInfo?: any;
    error?: InstantError;
    isStored?: boolean;
};
import { html } from './live.js';
import { id } from './id.js';
import { InstantError } from './reactor/instant_error.js';
import { lookup } from './instaml/chunks.js';
import { tx } from './instaml/chunks.js';
import { Client } from './client.js';
import { Auth } from './auth.js';
import { InfiniteQuery } from './infinite_query.js';
import { Room } from './room.js';
export { html, id, InstantError, lookup, tx };
