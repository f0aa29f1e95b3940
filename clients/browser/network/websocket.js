// The WebSocket form of a connection (realtime.md §1.1).

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
export function webSocketTransport(uri, appId, Socket) {
  return ({ opened, received, closed }) => {
    const socket = new Socket(`${uri}?app_id=${appId}`);
    socket.onopen = opened;
    socket.onmessage = ({ data }) => received(JSON.parse(data));
    socket.onclose = closed;
    return {
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => socket.close(),
    };
  };
}
