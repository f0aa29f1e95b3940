/**
 * @typedef {{
 *   opened: () => void,
 *   received: (frame: any) => void,
 *   closed: () => void,
 * }} Listener
 * @typedef {{send: (message: any) => void, close: () => void}} Transport
 * @typedef {(listener: Listener) => Transport} OpenTransport
 */
/**
 * @param {string} uri of the socket, without `app_id`
 * @param {string} appId
 * @param {typeof WebSocket} Socket
 * @returns {OpenTransport}
 */
export function webSocketTransport(uri: string, appId: string, Socket: typeof WebSocket): OpenTransport;
export type Listener = {
    opened: () => void;
    received: (frame: any) => void;
    closed: () => void;
};
export type Transport = {
    send: (message: any) => void;
    close: () => void;
};
export type OpenTransport = (listener: Listener) => Transport;
