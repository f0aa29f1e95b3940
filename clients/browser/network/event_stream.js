// The fallback where WebSockets are blocked: server-sent events one way, POSTs the other
// (realtime.md §1.3). One POST is under way at a time, so that messages keep their order.

/** @typedef {import('./websocket.js').OpenTransport} OpenTransport */

/**
 * @param {string} apiURI
 * @param {string} appId
 * @param {typeof EventSource} Source
 * @param {typeof fetch} post
 * @returns {OpenTransport}
 */
export function eventStreamTransport(apiURI, appId, Source, post) {
  const url = `${apiURI}/runtime/sse?app_id=${appId}`;
  return ({ opened, received, closed }) => {
    const source = new Source(url);
    /** @type {Record<string, string> | null} */
    let session = null;
    const sender = new Sender(url, post, end);

    function end() {
      source.close();
      closed();
    }

    source.onerror = end;
    source.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (session) return received(message);
      session = {
        machine_id: message['machine-id'],
        session_id: message['session-id'],
        sse_token: message['sse-token'],
      };
      sender.session = session;
      opened();
    };
    return { send: (message) => sender.send(message), close: end };
  };
}

/** Posts messages in order; what gathers during a POST goes with the next. */
class Sender {
  /** @param {string} url @param {typeof fetch} post @param {() => void} failed */
  constructor(url, post, failed) {
    this.url = url;
    this.post = post;
    this.failed = failed;
    /** @type {Record<string, string> | null} */
    this.session = null;
    /** @type {any[]} */
    this.waiting = [];
    this.isPosting = false;
  }

  /** @param {any} message */
  send(message) {
    this.waiting.push(message);
    if (!this.isPosting) void this.drain();
  }

  async drain() {
    this.isPosting = true;
    try {
      while (this.waiting.length) {
        const messages = this.waiting.splice(0);
        const answer = await this.post(this.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...this.session, messages }),
        });
        if (!answer.ok) throw new Error(`${this.url} answered ${answer.status}`);
      }
    } catch {
      this.failed(); // the next connection says everything again
    } finally {
      this.isPosting = false;
    }
  }
}
