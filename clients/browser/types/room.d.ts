export class Room {
    /** @param {Client} client @param {string} type @param {string} id @param {any} [presence] */
    constructor(client: Client, type: string, id: string, presence?: any);
    client: import("./client.js").Client;
    type: string;
    id: string;
    isLeft: boolean;
    room: import("./reactor/rooms.js").Room;
    leaveRoom: () => void;
    /**
     * Change what others see of this page; undefined removes a key.
     * @param {Record<string, any>} change
     */
    publishPresence: (change: Record<string, any>) => void;
    /** @param {SliceOptions} options @param {(slice: any) => void} listener @returns {() => void} */
    subscribePresence: (options: SliceOptions, listener: (slice: any) => void) => () => void;
    /** @param {SliceOptions} [options] */
    getPresence: (options?: SliceOptions) => {
        isLoading: boolean;
        error: any;
        user?: {
            peerId: string | null;
        } | undefined;
        peers: Record<string, any>;
    };
    /** @param {string} topic @param {any} data */
    publishTopic: (topic: string, data: any) => void;
    /**
     * @param {string} topic
     * @param {(data: any, peer: any) => void} listener
     * @returns {() => void} stop
     */
    subscribeTopic: (topic: string, listener: (data: any, peer: any) => void) => () => void;
    /**
     * Who is typing in an input: `key()` at each key, `listener` gets the peers that are.
     * @param {string} name presence key
     * @param {(peers: any[]) => void} listener
     * @param {number} [silenceMs] after which somebody is not typing any more
     */
    typing(name: string, listener: (peers: any[]) => void, silenceMs?: number): {
        key: () => void;
        done: () => void;
        stop: () => void;
    };
}
export type Client = import("./client.js").Client;
export type SliceOptions = import("./reactor/presence.js").SliceOptions;
