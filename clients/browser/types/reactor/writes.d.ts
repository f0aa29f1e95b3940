export class Writes {
    /** @param {Core} core */
    constructor(core: Core);
    core: import("./reactor.js").Reactor;
    /** @type {Map<string, Promised>} */
    promises: Map<string, Promised>;
    /** @type {Set<string>} */
    inFlight: Set<string>;
    silences: number;
    /** @type {Set<(error: any) => void>} */
    errorListeners: Set<(error: any) => void>;
    /**
     * @param {import('../instaml/chunks.js').Chunk | import('../instaml/chunks.js').Chunk[]} chunks
     * @param {Promised} promised
     */
    transact(chunks: import("../instaml/chunks.js").Chunk | import("../instaml/chunks.js").Chunk[], promised: Promised): void;
    /** @param {any} chunks */
    steps(chunks: any): any;
    /** @param {import('../instaml/steps.js').Step[]} steps @param {Promised} promised */
    begin(steps: import("../instaml/steps.js").Step[], promised: Promised): void;
    /** @param {Mutation} mutation */
    send(mutation: Mutation): void;
    /** After a new connection: what was not answered is sent again, in order. */
    sendAll(): void;
    /** The line is gone, and with it every answer that was still to come on it. */
    lineLost(): void;
    /** @param {string} eventId @param {number} txId */
    confirmed(eventId: string, txId: number): void;
    /**
     * The server refused a change: it is as if it had never been.
     * @param {string} eventId @param {InstantError} error
     * @returns {boolean} whether it was a change of ours
     */
    refused(eventId: string, error: InstantError): boolean;
    /** @param {string} eventId */
    answered(eventId: string): void;
    /** @param {string} eventId @param {'synced' | 'enqueued'} status */
    settle(eventId: string, status: "synced" | "enqueued"): void;
    /** @param {string} why every change is given up: another user is here now */
    abandonAll(why: string): void;
}
export type Core = import("./reactor.js").Reactor;
export type Mutation = import("./pending.js").Mutation;
export type Promised = {
    resolve: (value: any) => void;
    reject: (error: any) => void;
};
import { InstantError } from './instant_error.js';
