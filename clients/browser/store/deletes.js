// Deleting entities: which ones go with those that are named, and what is removed with an entity.
// An entity is deleted from an etype; what other etypes say under its id stays.
// Spec: transactions-permissions.md §5.5.

import { triplesOf } from './triple_store.js';

/**
 * @typedef {import('./attrs.js').Attr} Attr
 * @typedef {import('./triple_store.js').Triple} Triple
 * @typedef {import('./triple_store.js').TripleStore} TripleStore
 * @typedef {[string, string]} Member an entity and its etype
 */

/**
 * Everything that goes when these go: what links cascade to goes along.
 * @param {TripleStore} store
 * @param {Member[]} named
 * @returns {Member[]}
 */
export function doomedBy(store, named) {
  /** @type {Map<string, Member>} */
  const doomed = new Map();
  const found = [...named];
  for (const member of found) {
    if (doomed.has(member.join())) continue;
    doomed.set(member.join(), member);
    for (const [triple, attr] of touching(store, ...member)) {
      const [owner, target] = [attr['forward-identity'][1], attr['reverse-identity']?.[1] ?? ''];
      const isOwner = triple[0] === member[0] && owner === member[1];
      const isTarget = triple[2] === member[0] && target === member[1];
      if (isOwner && attr['on-delete-reverse']) found.push([triple[2], target]);
      if (isTarget && attr['on-delete']) found.push([triple[0], owner]);
    }
  }
  return [...doomed.values()];
}

/**
 * The triples of an entity in an etype, and the links that lead to it there.
 * @param {TripleStore} store
 * @param {string} entity
 * @param {string} etype
 * @returns {[Triple, Attr][]}
 */
export function touching(store, entity, etype) {
  /** @type {[Triple, Attr][]} */
  const found = [];
  const collect = (/** @type {'forward-identity' | 'reverse-identity'} */ side) => {
    return (/** @type {any} */ leaf, /** @type {string} */ a) => {
      const attr = store.attrs.get(a);
      if (attr?.[side]?.[1] !== etype) return;
      for (const triple of triplesOf(leaf)) found.push([triple, attr]);
    };
  };
  store.eav.get(entity)?.forEach(collect('forward-identity'));
  store.vae.get(entity)?.forEach(collect('reverse-identity'));
  return found;
}
