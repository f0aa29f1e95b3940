// Tx-steps applied to a store: what a change will look like once the server has taken it.
//
// It is a guess that the next answer corrects. Where something is not known here, as the entity a
// lookup means, the step is left out rather than guessed.

import { deepMerged } from '../json.js';
import { Attrs } from './attrs.js';
import { TripleStore, triplesOf } from './triple_store.js';

/**
 * @typedef {import('../instaml/steps.js').Step} Step
 * @typedef {import('./triple_store.js').Triple} Triple
 */

/**
 * @param {TripleStore} store
 * @param {Step[]} steps
 * @param {number} time created-at of new triples; beyond that of any the server gives
 * @param {boolean} [isAccepted] the server took all of it, so that what it creates was not there;
 *   the store may have it already, as an answer can be newer than it says
 * @returns {TripleStore}
 */
export function applied(store, steps, time, isAccepted = false) {
  const attrs = attrsAfter(store.attrs, steps);
  const known = attrs === store.attrs ? store : reindexed(store, attrs);
  const wanted = steps.filter((step) => isWanted(known, step, isAccepted));
  const application = new Application(known, time);
  for (const step of wanted) application.take(step);
  application.fillNulls();
  return application.draft.done();
}

/** @param {Attrs} attrs @param {Step[]} steps */
function attrsAfter(attrs, steps) {
  let after = attrs;
  for (const [action, arg] of steps) {
    if (action === 'add-attr' && !after.get(arg.id)) after = after.with([arg]);
    if (action === 'delete-attr' && after.get(arg)) after = after.without(arg);
    if (action === 'update-attr' && after.get(arg.id)) {
      after = after.with([{ ...after.get(arg.id), ...arg }]);
    }
  }
  return after;
}

/** New attrs have no triples yet; other changes of attrs change how triples are indexed. */
function reindexed(/** @type {TripleStore} */ store, /** @type {Attrs} */ attrs) {
  const isSame = [...store.attrs.byId.values()].every((attr) => attrs.get(attr.id) === attr);
  if (isSame) return new TripleStore(attrs, store.eav, store.aev, store.vae);
  return TripleStore.of(attrs, store.triples());
}

/**
 * Modes speak of the state before the change: `create` of what is there, and `update` of what is
 * not, do nothing.
 * @param {TripleStore} store
 * @param {Step} step
 * @param {boolean} isAccepted
 */
function isWanted(store, [action, target, attrId, , opts], isAccepted) {
  if (action !== 'add-triple' && action !== 'deep-merge-triple') return true;
  const etype = store.attrs.get(attrId)?.['forward-identity'][1] ?? '';
  if (opts?.mode === 'update') return exists(store, etype, target);
  return opts?.mode !== 'create' || isAccepted || !exists(store, etype, target);
}

/**
 * Whether the store has an entity in an etype.
 * @param {TripleStore} store
 * @param {string} etype
 * @param {any} target
 */
export function exists(store, etype, target) {
  const entity = entityOf(store, target);
  const idAttr = store.attrs.idAttr(etype);
  return Boolean(entity && idAttr && store.triple(entity, idAttr.id));
}

/** @param {TripleStore} store @param {any} target @returns {string | undefined} */
function entityOf(store, target) {
  return Array.isArray(target) ? store.entityWith(target[0], target[1]) : target;
}

class Application {
  /** @param {TripleStore} store @param {number} time */
  constructor(store, time) {
    this.draft = store.edit();
    this.store = this.draft.store;
    this.time = time;
    /** @type {[string, string][]} entities that are new, and their etypes */
    this.made = [];
  }

  /** @param {Step} step */
  take([action, target, arg, value]) {
    if (action === 'delete-entity') return this.delete(entityOf(this.store, target), arg);
    if (!action.endsWith('-triple')) return;
    const attr = this.store.attrs.get(arg);
    const entity = entityOf(this.store, target);
    if (!attr || !entity) return;
    const isEntity = attr['value-type'] === 'ref' || attr['forward-identity'][2] === 'id';
    const known = isEntity ? entityOf(this.store, value) : value;
    if (known === undefined) return;
    if (action === 'retract-triple') this.draft.remove(entity, arg, known);
    else if (action === 'add-triple') this.add(entity, arg, known);
    else this.merge(entity, arg, known);
  }

  /** @param {string} entity @param {string} attrId @param {any} value */
  add(entity, attrId, value) {
    const attr = this.store.attrs.get(attrId);
    const isOne = attr?.cardinality === 'one';
    const old = isOne
      ? this.store.triple(entity, attrId)
      : this.store.eav.get(entity)?.get(attrId)?.get(value);
    if (!old && attr?.['forward-identity'][2] === 'id') {
      this.made.push([entity, attr['forward-identity'][1]]);
    }
    if (!old || old[2] !== value) this.draft.add([entity, attrId, value, old?.[3] ?? this.time]);
  }

  /** A new entity has null under every indexed property that it was not given (instaql.md §1.4). */
  fillNulls() {
    for (const [entity, etype] of this.made) {
      for (const id of this.store.attrs.properties(etype).keys()) {
        const isMissing = this.store.attrs.get(id)?.['index?'] && !this.store.triple(entity, id);
        if (isMissing && exists(this.store, etype, entity)) this.add(entity, id, null);
      }
    }
  }

  /** @param {string} entity @param {string} attr @param {any} change */
  merge(entity, attr, change) {
    const old = this.store.triple(entity, attr);
    const value = deepMerged(old?.[2], change);
    this.draft.add([entity, attr, value, old?.[3] ?? this.time]);
  }

  /**
   * Remove an entity from an etype, with the links to it and what goes with it.
   * @param {string | undefined} entity
   * @param {string | undefined} etype every etype, if none is named
   */
  delete(entity, etype) {
    if (entity === undefined) return;
    /** @type {[string, string][]} */
    const along = [];
    for (const [triple, attr] of this.touching(entity, etype)) {
      this.draft.remove(triple[0], triple[1], triple[2]);
      const isForward = attr['forward-identity'][1] === etype && triple[0] === entity;
      if (isForward && attr['on-delete-reverse']) {
        along.push([triple[2], /** @type {any} */ (attr['reverse-identity'])[1]]);
      }
      if (attr['on-delete'] && triple[2] === entity && attr['reverse-identity']?.[1] === etype) {
        along.push([triple[0], attr['forward-identity'][1]]);
      }
    }
    for (const [other, otherEtype] of along) this.delete(other, otherEtype);
  }

  /**
   * The triples of an entity in an etype, and the links that lead to it there.
   * @param {string} entity
   * @param {string | undefined} etype
   * @returns {[Triple, import('./attrs.js').Attr][]}
   */
  touching(entity, etype) {
    /** @type {[Triple, import('./attrs.js').Attr][]} */
    const found = [];
    const collect = (/** @type {'forward-identity' | 'reverse-identity'} */ side) => {
      return (/** @type {any} */ leaf, /** @type {string} */ a) => {
        const attr = this.store.attrs.get(a);
        if (!attr || (etype && attr[side]?.[1] !== etype)) return;
        for (const triple of triplesOf(leaf)) found.push([triple, attr]);
      };
    };
    this.store.eav.get(entity)?.forEach(collect('forward-identity'));
    this.store.vae.get(entity)?.forEach(collect('reverse-identity'));
    return found;
  }
}
