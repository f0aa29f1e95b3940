export class Line {
    /** @param {OpenTransport[]} kinds the preferred one first @param {LineListener} listener */
    constructor(kinds: OpenTransport[], listener: LineListener);
    kinds: import("./websocket.js").OpenTransport[];
    listener: LineListener;
    kind: number;
    /** @type {Transport | null} */
    transport: Transport | null;
    attempt: number;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    timer: ReturnType<typeof setTimeout> | undefined;
    /** @param {number} afterMs */
    connect(afterMs: number): void;
    open(): void;
    /** @param {any} message */
    send(message: any): void;
    /** Close without a word to the listener. */
    disconnect(): void;
}
export type OpenTransport = import("./websocket.js").OpenTransport;
export type Transport = import("./websocket.js").Transport;
export type LineListener = {
    connecting: () => void;
    opened: () => void;
    received: (frame: any) => void;
    lost: () => void;
};
