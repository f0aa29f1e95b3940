export class Rooms {
    /** @param {Core} core */
    constructor(core: Core);
    core: import("./reactor.js").Reactor;
    /** @type {Map<string, Room>} */
    byId: Map<string, Room>;
    /** @param {string} type @param {string} id @param {any} [presence] what others see at first */
    join(type: string, id: string, presence?: any): Room;
    /** @param {string} type @param {string} id @returns {Room} */
    newRoom(type: string, id: string): Room;
    /** @param {Room} room somebody who joined it does not need it any more */
    leave(room: Room): void;
    /** @param {Room} room @param {any} change keys to set; those that are undefined go */
    publishPresence(room: Room, change: any): void;
    /** @param {Room} room @param {string} topic @param {any} data */
    publishTopic(room: Room, topic: string, data: any): void;
    /** @param {Room} room @param {Watcher} watcher @returns {() => void} stop */
    watch(room: Room, watcher: Watcher): () => void;
    /** @param {Room} room @param {string} topic @param {(event: [any, any]) => void} listener */
    listen(room: Room, topic: string, listener: (event: [any, any]) => void): () => undefined;
    joinAll(): void;
    lineLost(): void;
    /** @param {Record<string, any>} message about a room */
    received(message: Record<string, any>): void;
    /** @param {Room} room @param {Record<string, any>} message */
    take(room: Room, message: Record<string, any>): void;
    /** @param {Room} room */
    connected(room: Room): void;
    /** @param {Room} room @param {string} topic @param {any} broadcast */
    heard(room: Room, topic: string, broadcast: any): void;
    /** @param {Room} room */
    notify(room: Room): void;
    /** @param {Room} room @param {Watcher} watcher told only what it has not seen */
    show(room: Room, watcher: Watcher): void;
    /** @param {Room} room @param {SliceOptions} [options] */
    slice(room: Room, options?: SliceOptions): {
        isLoading: boolean;
        error: any;
        user?: {
            peerId: string | null;
        } | undefined;
        peers: Record<string, any>;
    };
    /** @param {Room} room */
    sendJoin({ type, id, presence }: Room): void;
    /** @param {Room} room */
    sendPresence({ id, presence }: Room): void;
    /** @param {Record<string, any>} message */
    say(message: Record<string, any>): void;
}
export type Core = import("./reactor.js").Reactor;
export type SliceOptions = import("./presence.js").SliceOptions;
export type Watcher = {
    options: SliceOptions;
    listener: (slice: any) => void;
    seen: any;
};
export type Room = {
    type: string;
    id: string;
    holders: number;
    isConnected: boolean;
    error: any;
    presence: any;
    sessions: import("./presence.js").Sessions;
    watchers: Set<Watcher>;
    topics: Map<string, Set<(event: [any, any]) => void>>;
    unsent: {
        topic: string;
        data: any;
    }[];
};
