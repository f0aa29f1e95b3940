// Presence as values: edits of the server's map of peers, and the slice of it that a page sees.
// Spec: realtime.md §7.

import { isObject } from '../json.js';

/**
 * @typedef {[(string | number)[], '+' | 'r' | '-', any?]} Edit path, what to do there, value
 * @typedef {Record<string, {data: any}>} Sessions by session id
 * @typedef {{keys?: string[], peers?: string[], user?: boolean}} SliceOptions
 */

/**
 * The sessions after the edits. Nothing given is changed.
 * @param {Sessions} sessions
 * @param {Edit[]} edits
 * @returns {Sessions}
 */
export function edited(sessions, edits) {
  return edits.reduce((before, [path, op, value]) => {
    return path.length ? editedAt(before, path, op, value) : before;
  }, sessions);
}

/**
 * @param {any} container @param {(string | number)[]} path @param {string} op @param {any} value
 * @returns {any}
 */
function editedAt(container, [key, ...rest], op, value) {
  const copy = Array.isArray(container) ? [...container] : { ...container };
  if (rest.length) return editedBelow(copy, key, rest, op, value);
  if (Array.isArray(copy) && typeof key === 'number') {
    if (op === 'r') copy[key] = value;
    else copy.splice(key, op === '-' ? 1 : 0, ...(op === '-' ? [] : [value]));
  } else if (op === '-') {
    delete copy[key];
  } else {
    copy[key] = value;
  }
  return copy;
}

/** Containers that are missing are made; those that a removal leaves empty go as well. */
function editedBelow(
  /** @type {any} */ copy,
  /** @type {string | number} */ key,
  /** @type {(string | number)[]} */ rest,
  /** @type {string} */ op,
  /** @type {any} */ value,
) {
  const inner = copy[key];
  const isContainer = typeof inner === 'object' && inner !== null;
  if (op === '-' && !isContainer) return copy;
  const empty = typeof rest[0] === 'number' ? [] : {};
  copy[key] = editedAt(isContainer ? inner : empty, rest, op, value);
  if (op === '-' && Object.keys(copy[key]).length === 0) delete copy[key];
  return copy;
}

/**
 * What a page sees of a room.
 * @param {{presence: any, sessions: Sessions, isConnected: boolean, error: any}} room
 * @param {string | null} ownSession
 * @param {SliceOptions} [options]
 */
export function sliceOf({ presence, sessions, isConnected, error }, ownSession, options = {}) {
  /** @type {Record<string, any>} */
  const peers = {};
  for (const [peerId, { data }] of Object.entries(sessions)) {
    if (peerId === ownSession || (options.peers && !options.peers.includes(peerId))) continue;
    peers[peerId] = { ...picked(data, options.keys), peerId };
  }
  const user = { ...picked(presence, options.keys), peerId: ownSession };
  return { peers, ...(options.user !== false && { user }), isLoading: !isConnected, error };
}

/** @param {any} data @param {string[]} [keys] */
function picked(data, keys) {
  if (!isObject(data)) return {};
  if (!keys) return data;
  return Object.fromEntries(keys.filter((key) => key in data).map((key) => [key, data[key]]));
}
