// A persistent map for one level of an index: a writer gets a version of its own that shares
// everything but what it changed. Readers of the old version see nothing of it.
//
// A version is a large `base` that is never written again under a small layer of changes. Whoever
// holds the `owner` token a version was made with may go on changing it in place; that is what
// keeps a transaction of many steps from copying once a step.

const GONE = Symbol('gone');
const NOTHING = new Map();
const SMALL_LAYER = 32; // a guess: copying this many entries is cheaper than thinking about it

/** @template K, V */
export class LayeredMap {
  /**
   * @param {object | null} owner who may change this version in place
   * @param {Map<K, V>} base
   * @param {Map<K, any>} layer
   * @param {number} size
   */
  constructor(owner = null, base = NOTHING, layer = new Map(), size = 0) {
    this.owner = owner;
    this.base = base;
    this.layer = layer;
    this.size = size;
  }

  /**
   * @param {K} key
   * @returns {V | undefined}
   */
  get(key) {
    const value = this.layer.get(key);
    if (value === undefined) return this.base.get(key);
    return value === GONE ? undefined : value;
  }

  /** @param {(value: V, key: K) => void} visit */
  forEach(visit) {
    this.base.forEach((value, key) => {
      if (!this.layer.has(key)) visit(value, key);
    });
    this.layer.forEach((value, key) => {
      if (value !== GONE) visit(value, key);
    });
  }

  /**
   * A version that has the value under the key.
   * @param {K} key
   * @param {V} value
   * @param {object} owner
   * @returns {LayeredMap<K, V>}
   */
  with(key, value, owner) {
    const version = this.writable(owner);
    if (version.get(key) === undefined) version.size += 1;
    version.layer.set(key, value);
    return version;
  }

  /**
   * A version without the key.
   * @param {K} key
   * @param {object} owner
   * @returns {LayeredMap<K, V>}
   */
  without(key, owner) {
    if (this.get(key) === undefined) return this;
    const version = this.writable(owner);
    version.size -= 1;
    if (version.base.has(key)) version.layer.set(key, GONE);
    else version.layer.delete(key);
    return version;
  }

  /**
   * This version if the owner may change it, else a copy that it may.
   * @param {object} owner
   */
  writable(owner) {
    if (this.owner === owner) return this;
    const grown = this.layer.size > SMALL_LAYER && this.layer.size * 8 > this.base.size;
    return grown
      ? new LayeredMap(owner, this.merged(), new Map(), this.size)
      : new LayeredMap(owner, this.base, new Map(this.layer), this.size);
  }

  /** Both layers as one map. Without a base that is the layer: nobody changes it any more. */
  merged() {
    if (this.base.size === 0) return this.layer;
    const whole = new Map();
    this.forEach((value, key) => whole.set(key, value));
    return whole;
  }
}

/** @type {LayeredMap<any, any>} */
export const EMPTY = new LayeredMap();
