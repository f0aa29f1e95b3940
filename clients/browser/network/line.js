// One connection at a time: opened after a delay, replaced, closed. Where a transport cannot be made,
// does not open in time, or closes before a word came through it, the next attempt takes another
// kind; after one that worked, the preferred one.

/**
 * @typedef {import('./websocket.js').OpenTransport} OpenTransport
 * @typedef {import('./websocket.js').Transport} Transport
 * @typedef {{connecting: () => void, opened: () => void, received: (frame: any) => void,
 *            lost: () => void}} LineListener
 */

const OPEN_TIMEOUT_MS = 10_000;

export class Line {
  /** @param {OpenTransport[]} kinds the preferred one first @param {LineListener} listener */
  constructor(kinds, listener) {
    this.kinds = kinds;
    this.listener = listener;
    this.kind = 0;
    /** @type {Transport | null} */
    this.transport = null;
    this.attempt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {number} afterMs */
  connect(afterMs) {
    this.disconnect();
    this.timer = setTimeout(() => this.open(), afterMs);
  }

  open() {
    const attempt = ++this.attempt;
    const isCurrent = () => attempt === this.attempt;
    let heard = false;
    const closed = () => {
      if (!isCurrent()) return;
      this.kind = heard ? 0 : (this.kind + 1) % this.kinds.length;
      this.disconnect();
      this.listener.lost();
    };
    this.listener.connecting();
    this.timer = setTimeout(closed, OPEN_TIMEOUT_MS);
    const opened = () => {
      if (!isCurrent()) return;
      clearTimeout(this.timer);
      this.listener.opened();
    };
    const received = (/** @type {any} */ frame) => {
      heard = true;
      if (isCurrent()) this.listener.received(frame);
    };
    try {
      this.transport = this.kinds[this.kind]({ opened, received, closed });
    } catch (error) {
      console.warn(error); // a socket without TLS from a page with it, say
      closed();
    }
  }

  /** @param {any} message */
  send(message) {
    this.transport?.send(message);
  }

  /** Close without a word to the listener. */
  disconnect() {
    clearTimeout(this.timer);
    this.attempt += 1;
    this.transport?.close();
    this.transport = null;
  }
}
