// The browser client: `import { init, id } from '/sdk/instant.js'`. No build step, no dependency; it
// speaks the protocol of the published SDK, so that each can stand in for the other on one app.

import { Auth } from './auth.js';
import { Client } from './client.js';
import { id } from './id.js';
import { InfiniteQuery } from './infinite_query.js';
import { lookup, tx } from './instaml/chunks.js';
import { html, live } from './live.js';
import { browserNetwork } from './network/browser_network.js';
import { eventStreamTransport } from './network/event_stream.js';
import { webSocketTransport } from './network/websocket.js';
import { InstantError } from './reactor/instant_error.js';
import { Room } from './room.js';
import { openStorage } from './storage/indexeddb.js';

export { html, id, InstantError, lookup, tx };

export const version = '1.0.0';

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
export function init(config) {
  return new Database(config);
}

export class Database {
  /** @param {Config} config */
  constructor(config) {
    const { appId, apiURI = location.origin, storageName = `instant-browser-${appId}` } = config;
    const { websocketURI = `${apiURI.replace(/^http/, 'ws')}/runtime/session` } = config;
    const post = config.fetch ?? globalThis.fetch.bind(globalThis);
    const Source = config.EventSource ?? globalThis.EventSource;
    this.client = new Client({
      appId,
      versions: { '@instantdb/core': 'v1.0.67', 'instant-browser-client': version },
      adminToken: config.adminToken,
      schema: config.schema,
      transports: [
        webSocketTransport(websocketURI, appId, config.WebSocket ?? globalThis.WebSocket),
        ...(Source ? [eventStreamTransport(apiURI, appId, Source, post)] : []),
      ],
      openStorage: () => openStorage(storageName),
      network: config.network ?? browserNetwork(),
    });
    this.auth = new Auth(this.client, { apiURI, appId, fetch: post, channelName: storageName });
  }

  /** Builds changes: `db.tx.todos[id()].update({text: 'milk'})`. */
  tx = tx;

  /**
   * Write. What it changes shows at once; the promise says whether the server has it (`synced`) or
   * it waits for a connection (`enqueued`), and is rejected when the server refuses it.
   * @param {Chunk | Chunk[]} chunks
   * @returns {Promise<{status: 'synced' | 'enqueued', clientId: string}>}
   */
  async transact(chunks) {
    await this.client.ready;
    return new Promise((resolve, reject) => {
      this.client.tell((reactor) => reactor.writes.transact(chunks, { resolve, reject }));
    });
  }

  /**
   * Be told the answer to a query whenever it changes.
   * @param {Query} query
   * @param {(state: QueryState) => void} listener
   * @returns {() => void} stop
   */
  subscribeQuery(query, listener) {
    return this.client.tell((reactor) => reactor.queries.subscribe(query, listener));
  }

  /**
   * Ask the server once; rejected at once when offline.
   * @param {Query} query
   * @returns {Promise<{data: any, pageInfo?: any}>}
   */
  queryOnce(query) {
    return new Promise((resolve, reject) => {
      this.client.tell((reactor) => {
        if (!reactor.isOnline) return reject(new InstantError('This device is offline.'));
        reactor.queries.once(query, { resolve, reject });
      });
    });
  }

  /**
   * A list that grows by pages and stays live.
   * @param {Record<string, any>} query
   * @param {(state: any) => void} listener
   */
  subscribeInfiniteQuery(query, listener) {
    return new InfiniteQuery((asked, told) => this.subscribeQuery(asked, told), query, listener);
  }

  /**
   * Show a live query in an element.
   * @param {Element} element
   * @param {Query} query
   * @param {(state: any) => any} render
   */
  live(element, query, render) {
    return live(element, (listener) => this.subscribeQuery(query, listener), render);
  }

  /** @param {string} [type] @param {string} [roomId] @param {{initialPresence?: any}} [options] */
  joinRoom(type = '_defaultRoomType', roomId = '_defaultRoomId', { initialPresence } = {}) {
    return new Room(this.client, type, roomId, initialPresence);
  }

  /** @param {(state: import('./auth.js').AuthState) => void} listener */
  subscribeAuth(listener) {
    return this.auth.subscribe(listener);
  }

  getAuth() {
    return this.auth.getUser();
  }

  /** @param {(status: Status) => void} listener told the present one at once */
  subscribeConnectionStatus(listener) {
    const { reactor } = this.client;
    reactor.statusListeners.add(listener);
    listener(reactor.status);
    return () => void reactor.statusListeners.delete(listener);
  }

  /**
   * Be told of every write that the server refuses, also of those whose promise settled long ago.
   * @param {(error: InstantError) => void} listener
   */
  subscribeRefusals(listener) {
    const { errorListeners } = this.client.reactor.writes;
    errorListeners.add(listener);
    return () => void errorListeners.delete(listener);
  }

  /** An id that this browser keeps under a name. @param {string} name @returns {Promise<string>} */
  async getLocalId(name) {
    const [storage, key] = [await this.client.storage, `localId ${name}`];
    const known = await storage.get('kv', key);
    const local = known ?? id();
    if (!known) await storage.put('kv', key, local);
    return local;
  }

  /** Changes that the server has not confirmed. */
  get pendingCount() {
    return this.client.reactor.pending.unanswered().length;
  }

  async shutdown() {
    this.auth.close();
    await this.client.shutdown();
  }
}
