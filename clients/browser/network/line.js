// One connection at a time: opened after a delay, replaced, closed. Where a transport closes before
// a word came through it, the next attempt takes another kind; one that worked is taken again.

/**
 * @typedef {import('./websocket.js').OpenTransport} OpenTransport
 * @typedef {import('./websocket.js').Transport} Transport
 * @typedef {{connecting: () => void, opened: () => void, received: (frame: any) => void,
 *            lost: () => void}} LineListener
 */

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
    this.listener.connecting();
    this.transport = this.kinds[this.kind]({
      opened: () => isCurrent() && this.listener.opened(),
      received: (frame) => {
        heard = true;
        if (isCurrent()) this.listener.received(frame);
      },
      closed: () => {
        if (!isCurrent()) return;
        this.kind = heard ? 0 : (this.kind + 1) % this.kinds.length;
        this.transport = null;
        this.listener.lost();
      },
    });
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
