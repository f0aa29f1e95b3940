/** @typedef {import('./websocket.js').OpenTransport} OpenTransport */
/**
 * @param {string} apiURI
 * @param {string} appId
 * @param {typeof EventSource} Source
 * @param {typeof fetch} post
 * @returns {OpenTransport}
 */
export function eventStreamTransport(apiURI: string, appId: string, Source: typeof EventSource, post: typeof fetch): OpenTransport;
export type OpenTransport = import("./websocket.js").OpenTransport;
