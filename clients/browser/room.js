// A page's hold on a room, and the typing indicator that is made of presence.

/**
 * @typedef {import('./client.js').Client} Client
 * @typedef {import('./reactor/presence.js').SliceOptions} SliceOptions
 */

const TYPING_MS = 1000;

export class Room {
  /** @param {Client} client @param {string} type @param {string} id @param {any} [presence] */
  constructor(client, type, id, presence) {
    this.client = client;
    this.type = type;
    this.id = id;
    this.isLeft = false;
    this.room = client.tell((reactor) => reactor.rooms.join(type, id, presence));
  }

  leaveRoom = () => {
    if (this.isLeft) return;
    this.isLeft = true;
    this.client.tell((reactor) => reactor.rooms.leave(this.room));
  };

  /**
   * Change what others see of this page; undefined removes a key.
   * @param {Record<string, any>} change
   */
  publishPresence = (change) => {
    this.client.tell((reactor) => reactor.rooms.publishPresence(this.room, change));
  };

  /** @param {SliceOptions} options @param {(slice: any) => void} listener @returns {() => void} */
  subscribePresence = (options, listener) => {
    return this.client.tell((reactor) =>
      reactor.rooms.watch(this.room, { options, listener, seen: null }),
    );
  };

  /** @param {SliceOptions} [options] */
  getPresence = (options) => {
    return this.client.tell((reactor) => reactor.rooms.slice(this.room, options));
  };

  /** @param {string} topic @param {any} data */
  publishTopic = (topic, data) => {
    this.client.tell((reactor) => reactor.rooms.publishTopic(this.room, topic, data));
  };

  /**
   * @param {string} topic
   * @param {(data: any, peer: any) => void} listener
   * @returns {() => void} stop
   */
  subscribeTopic = (topic, listener) => {
    return this.client.tell((reactor) => {
      return reactor.rooms.listen(this.room, topic, ([data, peer]) => listener(data, peer));
    });
  };

  /**
   * Who is typing in an input: `key()` at each key, `listener` gets the peers that are.
   * @param {string} name presence key
   * @param {(peers: any[]) => void} listener
   * @param {number} [silenceMs] after which somebody is not typing any more
   */
  typing(name, listener, silenceMs = TYPING_MS) {
    const publish = (/** @type {boolean} */ is) =>
      this.publishPresence({ [name]: is || undefined });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const stopTyping = () => {
      clearTimeout(timer);
      publish(false);
    };
    const stopWatching = this.subscribePresence({}, ({ peers }) => {
      listener(Object.values(peers).filter((/** @type {any} */ peer) => peer[name]));
    });
    return {
      key: () => {
        clearTimeout(timer);
        timer = setTimeout(stopTyping, silenceMs);
        publish(true);
      },
      done: stopTyping,
      stop: () => {
        stopTyping();
        stopWatching();
      },
    };
  }
}
