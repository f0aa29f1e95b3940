export class Queries {
    /** @param {Core} core */
    constructor(core: Core);
    core: import("./reactor.js").Reactor;
    /** @type {Map<string, LiveQuery>} */
    byKey: Map<string, LiveQuery>;
    /**
     * Listen to a query; what is known is told at once.
     * @param {Query} query
     * @param {(state: any) => void} listener
     * @returns {() => void} stop
     */
    subscribe(query: Query, listener: (state: any) => void): () => void;
    /**
     * One answer of the server, as new as this question.
     * @param {Query} query
     * @param {Omit<Once, 'eventId'>} promise
     */
    once(query: Query, promise: Omit<Once, "eventId">): void;
    /** @param {Query} query @returns {LiveQuery} */
    find(query: Query): LiveQuery;
    /** @param {LiveQuery} live @param {string} eventId */
    ask(live: LiveQuery, eventId: string): void;
    /** After a new connection: everything is asked again. */
    askAll(): void;
    /** @param {string} key @param {Result} result what was stored of an earlier time */
    restored(key: string, result: Result): void;
    /** @param {Query} query @param {any[]} wire result nodes @param {number} processedTxId */
    answered(query: Query, wire: any[], processedTxId: number): void;
    /** @param {LiveQuery} live @param {Result} result @param {boolean} [isStored] */
    take(live: LiveQuery, result: Result, isStored?: boolean): void;
    /** @param {Query} query the server says that it is live already, or just answered it */
    settleOnces(query: Query): void;
    /** @param {Query} query @param {string | undefined} eventId @param {InstantError} error */
    refused(query: Query, eventId: string | undefined, error: InstantError): void;
    /** @param {LiveQuery} live @param {InstantError} error */
    fail(live: LiveQuery, error: InstantError): void;
    /** @param {LiveQuery} live @param {Once} once @param {InstantError} error */
    refuseOnce(live: LiveQuery, once: Once, error: InstantError): void;
    /** @param {LiveQuery} live */
    endIfUnused(live: LiveQuery): void;
    /** Show every query again: attrs or pending changes are different. */
    showAll(): void;
    /**
     * Show the answers that hold a change which was laid over them, since it was not confirmed yet.
     * @param {number} txId of the change
     */
    showSince(txId: number): void;
    /** The catalog changed, so that triples are indexed in another way. */
    forgetStores(): void;
    /** @param {Query} query */
    showQuery(query: Query): void;
    /** @param {LiveQuery} live */
    show(live: LiveQuery): void;
    /** @param {LiveQuery} live what a listener is told */
    state({ error, shown, isStored }: LiveQuery): any;
    /** @returns {number} up to where every answer goes, of those that are shown */
    oldestTxId(): number;
    /** @returns {TripleStore[]} what is shown now, with pending changes */
    shownStores(): TripleStore[];
    /** Nothing that an earlier user saw is shown to the next. */
    forgetResults(): void;
}
export type Attrs = import("../store/attrs.js").Attrs;
export type Query = import("../instaql/plan.js").Query;
export type Core = import("./reactor.js").Reactor;
export type Result = {
    triples: any[];
    processedTxId: number;
    pageInfo?: any;
    aggregate?: any;
};
export type Once = {
    eventId: string;
    resolve: (value: any) => void;
    reject: (error: any) => void;
};
export type LiveQuery = {
    query: Query;
    key: string;
    eventId: string;
    listeners: Set<(state: any) => void>;
    onces: Set<Once>;
    result: Result | null;
    store: TripleStore | null;
    shown: any;
    error: InstantError | null;
    isStored: boolean;
    toldStored: boolean;
};
import { InstantError } from './instant_error.js';
import { TripleStore } from '../store/triple_store.js';
