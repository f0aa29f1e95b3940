export class Reactor {
    /** @param {Options} options */
    constructor(options: Options);
    options: Options;
    now: () => number;
    newId: () => string;
    schema: import("../instaml/missing_attrs.js").Schema | undefined;
    effects: Effects;
    deadlines: Deadlines;
    /** @type {Status} */
    status: Status;
    isOnline: boolean;
    failures: number;
    authenticatedAt: number;
    appStatus: string;
    /** @type {string | null} */
    sessionId: string | null;
    /** @type {User | null} */
    user: User | null;
    /** @type {Attrs | null} the server's; null until they are known */
    attrs: Attrs | null;
    pending: Pending;
    queries: Queries;
    writes: Writes;
    rooms: Rooms;
    /** @type {Set<(status: Status) => void>} */
    statusListeners: Set<(status: Status) => void>;
    /** @type {Set<(user: User | null) => void>} */
    userListeners: Set<(user: User | null) => void>;
    isSingular: (etype: string, label: string) => boolean;
    take(): import("./effects.js").Effect[];
    /**
     * Begin with what an earlier visit left behind.
     * @param {{user?: User | null, attrs?: Attr[], pending?: Mutation[]}} stored
     */
    start({ user, attrs, pending }: {
        user?: User | null;
        attrs?: Attr[];
        pending?: Mutation[];
    }): void;
    /** A transport is being opened. */
    connecting(): void;
    /** It is open; nothing was said on it yet. */
    opened(): void;
    /** The transport is gone. */
    lost(): void;
    /** @param {number} afterMs */
    connect(afterMs: number): void;
    /** The line is taken for dead, or must be opened as somebody else. */
    reconnect(): void;
    /** @param {boolean} isOnline */
    networkIs(isOnline: boolean): void;
    /** @param {Status} status */
    setStatus(status: Status): void;
    isAuthenticated(): boolean;
    /** @param {string} eventId @param {Record<string, any>} message said again after init-ok, if it
     * cannot be said now */
    send(eventId: string, message: Record<string, any>): void;
    /** @param {string} eventId @param {Record<string, any>} message */
    say(eventId: string, message: Record<string, any>): void;
    /** @param {Record<string, any> | Record<string, any>[]} frame */
    received(frame: Record<string, any> | Record<string, any>[]): void;
    /** @param {Record<string, any>} message */
    receivedOne(message: Record<string, any>): void;
    /** @param {Record<string, any>} message */
    authenticated(message: Record<string, any>): void;
    /** @param {Record<string, any>} message */
    refreshed(message: Record<string, any>): void;
    /** @param {[any, any[]][]} computed @param {number} processedTxId */
    answered(computed: [any, any[]][], processedTxId: number): void;
    /** @param {Record<string, any>} message */
    refused(message: Record<string, any>): void;
    /** @param {string} status */
    setAppStatus(status: string): void;
    knownAttrs(): Attrs;
    /** @param {Attrs} attrs */
    setAttrs(attrs: Attrs): void;
    /** @param {Attr[]} made attrs that a confirmed change of ours made */
    learnAttrs(made: Attr[]): void;
    /** Changes that every answer shows are not pending any more (see `Pending`). */
    retire(): void;
    /**
     * Somebody signed in or out: nothing of the one before is kept, and the line is opened anew.
     * @param {User | null} user
     * @param {boolean} [isStored] another tab did so, and stored it; what is there now is the user's
     */
    setUser(user: User | null, isStored?: boolean): void;
}
export type Attr = import("../store/attrs.js").Attr;
export type Mutation = import("./pending.js").Mutation;
export type User = {
    id: string;
    refresh_token?: string;
    [field: string]: any;
};
export type Status = "connecting" | "opened" | "authenticated" | "closed" | "errored";
export type Options = {
    appId: string;
    versions: Record<string, string>;
    now: () => number;
    newId: () => string;
    isOnline?: boolean;
    adminToken?: string;
    schema?: import("../instaml/missing_attrs.js").Schema;
    random?: () => number;
};
import { Effects } from './effects.js';
import { Deadlines } from './deadlines.js';
import { Attrs } from '../store/attrs.js';
import { Pending } from './pending.js';
import { Queries } from './queries.js';
import { Writes } from './writes.js';
import { Rooms } from './rooms.js';
