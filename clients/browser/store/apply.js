// Tx-steps applied to a store: what a change will look like once the server has taken it.
//
// It is done as the server does it (transactions-permissions.md §4): modes, lookups and cascades are
// about what was there before; then the steps are taken in groups of one action, in the order in
// which the actions first appear. Where something is not known here, as the entity a lookup means,
// the step is left out rather than guessed; the next answer says.

import { deepMerged } from '../json.js';
import { Attrs } from './attrs.js';
import { doomedBy, touching } from './deletes.js';
import { TripleStore } from './triple_store.js';

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
  const before = attrs === store.attrs ? store : reindexed(store, attrs);
  const application = new Application(before, time);
  for (const action of new Set(steps.map(([name]) => name))) {
    const group = steps.filter((step) => step[0] === action && isWanted(before, step, isAccepted));
    if (action === 'delete-entity') application.delete(group);
    else if (action.endsWith('-triple')) application.write(group);
  }
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
 * Whether the store has an entity in an etype: any triple of it.
 * @param {TripleStore} store
 * @param {string} etype
 * @param {any} target
 */
export function exists(store, etype, target) {
  let found = false;
  store.eav.get(entityOf(store, target) ?? '')?.forEach((/** @type {any} */ _, /** @type {string} */ a) => {
    found ||= store.attrs.get(a)?.['forward-identity'][1] === etype;
  });
  return found;
}

/**
 * Whether queries over the store show the entity; a link from it, say, may be all there is of it.
 * @param {TripleStore} store
 * @param {string} etype
 * @param {any} target
 */
export function isShown(store, etype, target) {
  const entity = entityOf(store, target);
  return Boolean(entity && store.triple(entity, store.attrs.idAttr(etype)?.id ?? ''));
}

/** @param {TripleStore} store @param {any} target @returns {string | undefined} */
function entityOf(store, target) {
  return Array.isArray(target) ? store.entityWith(target[0], target[1]) : target;
}

class Application {
  /** @param {TripleStore} before @param {number} time */
  constructor(before, time) {
    this.before = before;
    this.draft = before.edit();
    this.time = time;
    /** @type {[string, string][]} entities that are new, and their etypes */
    this.made = [];
  }

  /** @param {Step[]} steps of one action */
  write(steps) {
    for (const step of steps) this.take(step);
    this.fillNulls();
  }

  /** @param {Step[]} steps */
  delete(steps) {
    const named = steps.flatMap(([, target, etype]) => {
      const entity = entityOf(this.before, target);
      return entity ? [/** @type {import('./deletes.js').Member} */ ([entity, etype])] : [];
    });
    for (const member of doomedBy(this.before, named)) {
      for (const [[e, a, v]] of touching(this.draft.store, ...member)) this.draft.remove(e, a, v);
    }
  }

  /** @param {Step} step */
  take([action, target, arg, value]) {
    const attr = this.draft.attrs.get(arg);
    const entity = entityOf(this.before, target);
    if (!attr || !entity) return;
    const isEntity = attr['value-type'] === 'ref' || attr['forward-identity'][2] === 'id';
    const known = isEntity ? entityOf(this.before, value) : value;
    if (known === undefined) return;
    if (action === 'retract-triple') return this.draft.remove(entity, arg, known);
    // What this very change deleted is made again by a lookup, with the value that it names.
    const isMadeAgain = Array.isArray(target) && !this.draft.store.triple(entity, target[0]);
    if (isMadeAgain) this.add(entity, target[0], target[1]);
    if (action === 'add-triple') this.add(entity, arg, known);
    else this.merge(entity, arg, known);
  }

  /** @param {string} entity @param {string} attrId @param {any} value */
  add(entity, attrId, value) {
    const { store } = this.draft;
    const attr = store.attrs.get(attrId);
    const isOne = attr?.cardinality === 'one';
    const old = isOne
      ? store.triple(entity, attrId)
      : store.eav.get(entity)?.get(attrId)?.get(value);
    if (!old && attr?.['forward-identity'][2] === 'id') {
      this.made.push([entity, attr['forward-identity'][1]]);
    }
    if (!old || old[2] !== value) this.draft.add([entity, attrId, value, old?.[3] ?? this.time]);
  }

  /** A new entity has null under every indexed property that it was not given (instaql.md §1.4). */
  fillNulls() {
    const { store } = this.draft;
    for (const [entity, etype] of this.made.splice(0)) {
      for (const id of store.attrs.properties(etype).keys()) {
        const isMissing = store.attrs.get(id)?.['index?'] && !store.triple(entity, id);
        if (isMissing) this.add(entity, id, null);
      }
    }
  }

  /** @param {string} entity @param {string} attr @param {any} change */
  merge(entity, attr, change) {
    const old = this.draft.store.triple(entity, attr);
    const value = deepMerged(old?.[2], change);
    this.draft.add([entity, attr, value, old?.[3] ?? this.time]);
  }
}
