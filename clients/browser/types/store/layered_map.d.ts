/** @template K, V */
export class LayeredMap<K, V> {
    /**
     * @param {object | null} owner who may change this version in place
     * @param {Map<K, V>} base
     * @param {Map<K, any>} layer
     * @param {number} size
     */
    constructor(owner?: object | null, base?: Map<K, V>, layer?: Map<K, any>, size?: number);
    owner: object | null;
    base: Map<K, V>;
    layer: Map<K, any>;
    size: number;
    /**
     * @param {K} key
     * @returns {V | undefined}
     */
    get(key: K): V | undefined;
    /** @param {(value: V, key: K) => void} visit */
    forEach(visit: (value: V, key: K) => void): void;
    /**
     * A version that has the value under the key.
     * @param {K} key
     * @param {V} value
     * @param {object} owner
     * @returns {LayeredMap<K, V>}
     */
    with(key: K, value: V, owner: object): LayeredMap<K, V>;
    /**
     * A version without the key.
     * @param {K} key
     * @param {object} owner
     * @returns {LayeredMap<K, V>}
     */
    without(key: K, owner: object): LayeredMap<K, V>;
    /**
     * This version if the owner may change it, else a copy that it may.
     * @param {object} owner
     */
    writable(owner: object): LayeredMap<K, V>;
    /** Both layers as one map. Without a base that is the layer: nobody changes it any more. */
    merged(): Map<any, any>;
}
/** @type {LayeredMap<any, any>} */
export const EMPTY: LayeredMap<any, any>;
