/**
 * The triples of a leaf.
 * @param {any} leaf
 * @returns {Triple[]}
 */
export function triplesOf(leaf: any): Triple[];
/**
 * @typedef {[string, string, any, number]} Triple entity, attr, value, created at (ms)
 * @typedef {LayeredMap<any, any>} Index
 */
/** All three indexes over the same triples. */
export class TripleStore {
    /**
     * A store of these triples; those of unknown attrs are left out.
     * @param {Attrs} attrs
     * @param {Iterable<Triple>} triples
     */
    static of(attrs: Attrs, triples: Iterable<Triple>): TripleStore;
    /**
     * @param {Attrs} attrs
     * @param {Index} eav entity → attr → leaf
     * @param {Index} aev attr → entity → leaf
     * @param {Index} vae target → link → entity → triple
     */
    constructor(attrs: Attrs, eav?: Index, aev?: Index, vae?: Index);
    attrs: Attrs;
    eav: Index;
    aev: Index;
    vae: Index;
    edit(): Draft;
    /**
     * The entity's triple under an attr; any one of them where there are many.
     * @param {string} e
     * @param {string} a
     * @returns {Triple | undefined}
     */
    triple(e: string, a: string): Triple | undefined;
    /**
     * The entities that a link leads to, or comes from.
     * @param {string} target
     * @param {string} a
     * @returns {Triple[]}
     */
    linksTo(target: string, a: string): Triple[];
    /**
     * The entity that has a value under an attr: what a lookup means.
     * @param {string} a
     * @param {any} value
     * @returns {string | undefined}
     */
    entityWith(a: string, value: any): string | undefined;
    /** @returns {Triple[]} */
    triples(): Triple[];
}
/**
 * entity, attr, value, created at (ms)
 */
export type Triple = [string, string, any, number];
export type Index = LayeredMap<any, any>;
import { Attrs } from './attrs.js';
/** A store being changed. It may not be used any more once it is `done`. */
declare class Draft {
    /** @param {TripleStore} store */
    constructor(store: TripleStore);
    attrs: Attrs;
    store: TripleStore;
    owner: {};
    done(): TripleStore;
    /**
     * Add a triple; under an attr of cardinality one it takes the place of the old one.
     * @param {Triple} triple
     */
    add(triple: Triple): void;
    /**
     * @param {string} e
     * @param {string} a
     * @param {any} v
     */
    remove(e: string, a: string, v: any): void;
    /** @param {string} e @param {string} a @param {any} leaf */
    putLeaf(e: string, a: string, leaf: any): void;
    /** @param {string} e @param {string} a */
    dropLeaf(e: string, a: string): void;
    /** @param {Triple} triple */
    addReverse(triple: Triple): void;
    /** @param {Triple} triple */
    dropReverse([e, a, v]: Triple): void;
}
import { LayeredMap } from './layered_map.js';
export {};
