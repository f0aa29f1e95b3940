// The triples a client holds, in three indexes: by entity, by attr, and by the target of a link.
// A store is a value. `edit` gives a draft; what the draft becomes shares all that did not change.
//
// A leaf of an index is one triple where the attr has cardinality one, and a map from value to
// triple where it has many.

import { EMPTY, LayeredMap } from './layered_map.js';
import { Attrs } from './attrs.js';

/**
 * @typedef {[string, string, any, number]} Triple entity, attr, value, created at (ms)
 * @typedef {LayeredMap<any, any>} Index
 */

/** All three indexes over the same triples. */
export class TripleStore {
  /**
   * @param {Attrs} attrs
   * @param {Index} eav entity → attr → leaf
   * @param {Index} aev attr → entity → leaf
   * @param {Index} vae target → link → entity → triple
   */
  constructor(attrs, eav = EMPTY, aev = EMPTY, vae = EMPTY) {
    this.attrs = attrs;
    this.eav = eav;
    this.aev = aev;
    this.vae = vae;
  }

  /**
   * A store of these triples; those of unknown attrs are left out.
   * @param {Attrs} attrs
   * @param {Iterable<Triple>} triples
   */
  static of(attrs, triples) {
    const draft = new TripleStore(attrs).edit();
    for (const triple of triples) draft.add(triple);
    return draft.done();
  }

  edit() {
    return new Draft(this);
  }

  /**
   * The entity's triple under an attr; any one of them where there are many.
   * @param {string} e
   * @param {string} a
   * @returns {Triple | undefined}
   */
  triple(e, a) {
    const leaf = this.eav.get(e)?.get(a);
    if (!(leaf instanceof LayeredMap)) return leaf;
    /** @type {Triple | undefined} */
    let found;
    leaf.forEach((triple) => (found ??= triple));
    return found;
  }

  /**
   * The entities that a link leads to, or comes from.
   * @param {string} target
   * @param {string} a
   * @returns {Triple[]}
   */
  linksTo(target, a) {
    return triplesOf(this.vae.get(target)?.get(a));
  }

  /**
   * The entity that has a value under an attr: what a lookup means.
   * @param {string} a
   * @param {any} value
   * @returns {string | undefined}
   */
  entityWith(a, value) {
    if (this.attrs.get(a)?.['value-type'] === 'ref') return this.linksTo(value, a)[0]?.[0];
    /** @type {string | undefined} */
    let found;
    this.aev.get(a)?.forEach((/** @type {any} */ leaf) => {
      for (const triple of triplesOf(leaf)) if (triple[2] === value) found = triple[0];
    });
    return found;
  }

  /** @returns {Triple[]} */
  triples() {
    /** @type {Triple[]} */
    const all = [];
    this.eav.forEach((entity) => {
      entity.forEach((/** @type {any} */ leaf) => void all.push(...triplesOf(leaf)));
    });
    return all;
  }
}

/**
 * The triples of a leaf.
 * @param {any} leaf
 * @returns {Triple[]}
 */
export function triplesOf(leaf) {
  if (leaf === undefined) return [];
  if (!(leaf instanceof LayeredMap)) return [leaf];
  /** @type {Triple[]} */
  const found = [];
  leaf.forEach((triple) => found.push(triple));
  return found;
}

/** A store being changed. It may not be used any more once it is `done`. */
class Draft {
  /** @param {TripleStore} store */
  constructor(store) {
    this.attrs = store.attrs;
    this.store = new TripleStore(store.attrs, store.eav, store.aev, store.vae);
    this.owner = {};
  }

  done() {
    this.owner = {};
    return this.store;
  }

  /**
   * Add a triple; under an attr of cardinality one it takes the place of the old one.
   * @param {Triple} triple
   */
  add(triple) {
    const [e, a, v] = triple;
    const attr = this.attrs.get(a);
    if (!attr) return;
    const old = this.store.eav.get(e)?.get(a);
    const isRef = attr['value-type'] === 'ref';
    if (attr.cardinality === 'one') {
      if (old && isRef) this.dropReverse(old);
      this.putLeaf(e, a, triple);
    } else {
      this.putLeaf(e, a, (old ?? EMPTY).with(v, triple, this.owner));
    }
    if (isRef) this.addReverse(triple);
  }

  /**
   * @param {string} e
   * @param {string} a
   * @param {any} v
   */
  remove(e, a, v) {
    const leaf = this.store.eav.get(e)?.get(a);
    if (leaf === undefined) return;
    const isMany = leaf instanceof LayeredMap;
    const triple = isMany ? leaf.get(v) : leaf;
    if (!triple || triple[2] !== v) return;
    const rest = isMany ? leaf.without(v, this.owner) : EMPTY;
    if (rest.size) this.putLeaf(e, a, rest);
    else this.dropLeaf(e, a);
    if (this.attrs.get(a)?.['value-type'] === 'ref') this.dropReverse(triple);
  }

  /** @param {string} e @param {string} a @param {any} leaf */
  putLeaf(e, a, leaf) {
    const { store, owner } = this;
    store.eav = store.eav.with(e, (store.eav.get(e) ?? EMPTY).with(a, leaf, owner), owner);
    store.aev = store.aev.with(a, (store.aev.get(a) ?? EMPTY).with(e, leaf, owner), owner);
  }

  /** @param {string} e @param {string} a */
  dropLeaf(e, a) {
    this.store.eav = without(this.store.eav, e, a, this.owner);
    this.store.aev = without(this.store.aev, a, e, this.owner);
  }

  /** @param {Triple} triple */
  addReverse(triple) {
    const [e, a, v] = triple;
    const { store, owner } = this;
    const links = store.vae.get(v) ?? EMPTY;
    const sources = (links.get(a) ?? EMPTY).with(e, triple, owner);
    store.vae = store.vae.with(v, links.with(a, sources, owner), owner);
  }

  /** @param {Triple} triple */
  dropReverse([e, a, v]) {
    const { store, owner } = this;
    const links = store.vae.get(v);
    const sources = links?.get(a)?.without(e, owner);
    if (!links || !sources) return;
    store.vae = sources.size
      ? store.vae.with(v, links.with(a, sources, owner), owner)
      : without(store.vae, v, a, owner);
  }
}

/**
 * An index without one of its leaves, and without what became empty by that.
 * @param {Index} index
 * @param {any} first
 * @param {any} second
 * @param {object} owner
 */
function without(index, first, second, owner) {
  const rest = index.get(first)?.without(second, owner);
  if (!rest) return index;
  return rest.size ? index.with(first, rest, owner) : index.without(first, owner);
}
