/**
 * @typedef {[string, string, string]} Identity ident id, etype, label
 * @typedef {{
 *   id: string,
 *   'forward-identity': Identity,
 *   'reverse-identity'?: Identity,
 *   'value-type': 'blob' | 'ref',
 *   cardinality: 'one' | 'many',
 *   'unique?'?: boolean,
 *   'index?'?: boolean,
 *   'checked-data-type'?: 'string' | 'number' | 'boolean' | 'date',
 *   'on-delete'?: 'cascade',
 *   'on-delete-reverse'?: 'cascade',
 *   isUnsynced?: boolean,
 * }} Attr
 * @typedef {{attr: Attr, isForward: boolean, etype: string}} Found an attr, seen from one of its
 *   sides, and the etype on the other
 */
/** The catalog. */
export class Attrs {
    /** @param {Iterable<Attr>} attrs */
    constructor(attrs?: Iterable<Attr>);
    /** @type {Map<string, Attr>} */
    byId: Map<string, Attr>;
    /** @type {Map<string, Map<string, Attr>>} */
    forwards: Map<string, Map<string, Attr>>;
    /** @type {Map<string, Map<string, Attr>>} */
    reverses: Map<string, Map<string, Attr>>;
    /** @param {string} id */
    get(id: string): Attr | undefined;
    /** @param {string} etype @param {string} label */
    forward(etype: string, label: string): Attr | undefined;
    /** @param {string} etype */
    idAttr(etype: string): Attr | undefined;
    /**
     * What a label means in an etype: its own attr first, then a link that leads here.
     * @param {string} etype
     * @param {string} label
     * @returns {Found | undefined}
     */
    find(etype: string, label: string): Found | undefined;
    /**
     * The labels of the properties of an etype, by attr id; only the named ones (and `id`) if given.
     * @param {string} etype
     * @param {string[]} [fields]
     * @returns {Map<string, string>}
     */
    properties(etype: string, fields?: string[]): Map<string, string>;
    /** @param {Attr[]} attrs added; one with a known id replaces the old one */
    with(attrs: Attr[]): Attrs;
    /** @param {string} id */
    without(id: string): Attrs;
    toJSON(): Attr[];
}
/**
 * ident id, etype, label
 */
export type Identity = [string, string, string];
export type Attr = {
    id: string;
    "forward-identity": Identity;
    "reverse-identity"?: Identity;
    "value-type": "blob" | "ref";
    cardinality: "one" | "many";
    "unique?"?: boolean;
    "index?"?: boolean;
    "checked-data-type"?: "string" | "number" | "boolean" | "date";
    "on-delete"?: "cascade";
    "on-delete-reverse"?: "cascade";
    isUnsynced?: boolean;
};
/**
 * an attr, seen from one of its
 *  sides, and the etype on the other
 */
export type Found = {
    attr: Attr;
    isForward: boolean;
    etype: string;
};
