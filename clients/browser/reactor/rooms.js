// Rooms: who is here, and what they say to each other. A room is joined while somebody holds it.
// Spec: realtime.md §7; after a reconnect every room is joined again (§4).

import { equal } from '../json.js';
import { edited, sliceOf } from './presence.js';

/**
 * @typedef {import('./reactor.js').Reactor} Core
 * @typedef {import('./presence.js').SliceOptions} SliceOptions
 * @typedef {{options: SliceOptions, listener: (slice: any) => void, seen: any}} Watcher
 * @typedef {{
 *   type: string, id: string, holders: number, isConnected: boolean, error: any, presence: any,
 *   sessions: import('./presence.js').Sessions, watchers: Set<Watcher>,
 *   topics: Map<string, Set<(event: [any, any]) => void>>, unsent: {topic: string, data: any}[],
 * }} Room
 */

const MOST_UNSENT = 100; // what was said long before there was a line is no news

export class Rooms {
  /** @param {Core} core */
  constructor(core) {
    this.core = core;
    /** @type {Map<string, Room>} */
    this.byId = new Map();
  }

  /** @param {string} type @param {string} id @param {any} [presence] what others see at first */
  join(type, id, presence) {
    const known = this.byId.get(id);
    const room = known ?? this.newRoom(type, id);
    room.holders += 1;
    if (!known) {
      room.presence = presence;
      this.sendJoin(room);
    } else if (presence && !room.presence) {
      this.publishPresence(room, presence);
    }
    return room;
  }

  /** @param {string} type @param {string} id @returns {Room} */
  newRoom(type, id) {
    /** @type {Room} */
    const room = {
      type,
      id,
      holders: 0,
      isConnected: false,
      error: undefined,
      presence: undefined,
      sessions: {},
      watchers: new Set(),
      topics: new Map(),
      unsent: [],
    };
    this.byId.set(id, room);
    return room;
  }

  /** @param {Room} room somebody who joined it does not need it any more */
  leave(room) {
    room.holders -= 1;
    if (room.holders > 0 || this.byId.get(room.id) !== room) return;
    this.byId.delete(room.id);
    Object.assign(room, { isConnected: false, unsent: [] });
    this.say({ op: 'leave-room', 'room-id': room.id });
  }

  /** @param {Room} room @param {any} change keys to set; those that are undefined go */
  publishPresence(room, change) {
    const presence = JSON.parse(JSON.stringify({ ...room.presence, ...change }));
    if (equal(presence, room.presence)) return;
    room.presence = presence;
    if (room.isConnected) this.sendPresence(room);
    this.notify(room);
  }

  /** @param {Room} room @param {string} topic @param {any} data */
  publishTopic(room, topic, data) {
    if (!room.isConnected) {
      if (room.holders > 0) room.unsent = [...room.unsent, { topic, data }].slice(-MOST_UNSENT);
      return;
    }
    const { id, type } = room;
    this.say({ op: 'client-broadcast', 'room-id': id, roomType: type, topic, data });
  }

  /** @param {Room} room @param {Watcher} watcher @returns {() => void} stop */
  watch(room, watcher) {
    room.watchers.add(watcher);
    this.show(room, watcher);
    return () => void room.watchers.delete(watcher);
  }

  /** @param {Room} room @param {string} topic @param {(event: [any, any]) => void} listener */
  listen(room, topic, listener) {
    const listeners = room.topics.get(topic) ?? new Set();
    room.topics.set(topic, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  joinAll() {
    for (const room of this.byId.values()) this.sendJoin(room);
  }

  lineLost() {
    for (const room of this.byId.values()) {
      Object.assign(room, { isConnected: false, sessions: {} });
      this.notify(room);
    }
  }

  /** @param {Record<string, any>} message about a room */
  received(message) {
    const room = this.byId.get(message['room-id']);
    if (!room) {
      if (message.op === 'join-room-ok')
        this.say({ op: 'leave-room', 'room-id': message['room-id'] });
      return;
    }
    if (message.op !== 'leave-room-ok' && message.op !== 'join-room-error') this.connected(room);
    this.take(room, message);
    this.notify(room);
  }

  /** @param {Room} room @param {Record<string, any>} message */
  take(room, message) {
    switch (message.op) {
      case 'refresh-presence':
        room.sessions = message.data;
        break;
      case 'patch-presence':
        room.sessions = edited(room.sessions, message.edits);
        break;
      case 'server-broadcast':
        this.heard(room, message.topic, message.data);
        break;
      case 'leave-room-ok': // of an earlier stay: this one was joined after it
        room.isConnected = false;
        break;
      case 'join-room-error':
        room.error = message.error;
    }
  }

  /** @param {Room} room */
  connected(room) {
    if (room.isConnected) return;
    Object.assign(room, { isConnected: true, error: undefined });
    if (room.presence) this.sendPresence(room);
    const unsent = room.unsent.splice(0);
    for (const { topic, data } of unsent) this.publishTopic(room, topic, data);
  }

  /** @param {Room} room @param {string} topic @param {any} broadcast */
  heard(room, topic, broadcast) {
    const peerId = broadcast['peer-id'];
    const peer = { ...room.sessions[peerId]?.data, peerId };
    this.core.effects.inform(room.topics.get(topic) ?? [], [broadcast.data, peer]);
  }

  /** @param {Room} room */
  notify(room) {
    for (const watcher of room.watchers) this.show(room, watcher);
  }

  /** @param {Room} room @param {Watcher} watcher told only what it has not seen */
  show(room, watcher) {
    const slice = this.slice(room, watcher.options);
    if (equal(slice, watcher.seen)) return;
    watcher.seen = slice;
    this.core.effects.inform([watcher.listener], slice);
  }

  /** @param {Room} room @param {SliceOptions} [options] */
  slice(room, options) {
    return sliceOf(room, this.core.sessionId, options);
  }

  /** @param {Room} room */
  sendJoin({ type, id, presence }) {
    this.say({
      op: 'join-room',
      'room-type': type,
      'room-id': id,
      ...(presence && { data: presence }),
    });
  }

  /** @param {Room} room */
  sendPresence({ id, presence }) {
    this.say({ op: 'set-presence', 'room-id': id, data: presence });
  }

  /** @param {Record<string, any>} message */
  say(message) {
    this.core.send(this.core.newId(), message);
  }
}
