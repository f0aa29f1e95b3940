/**
 * The attrs to add before the ops can be expressed, and the catalog that has them. Attrs that only
 * this client has so far are added again: the change that made them may be refused.
 * @param {Attrs} attrs
 * @param {Op[]} ops
 * @param {() => string} newId
 * @param {Schema} [schema]
 * @returns {{attrs: Attrs, added: Attr[]}}
 */
export function withMissingAttrs(attrs: Attrs, ops: Op[], newId: () => string, schema?: Schema): {
    attrs: Attrs;
    added: Attr[];
};
/**
 * The link in a lookup like `owner.id`; a property that has this very name comes first.
 * @param {Attrs} attrs
 * @param {string} etype
 * @param {string} label
 * @returns {string | undefined}
 */
export function linkOfLookup(attrs: Attrs, etype: string, label: string): string | undefined;
export type Attr = import("../store/attrs.js").Attr;
export type Op = import("./chunks.js").Op;
export type Schema = {
    entities: Record<string, {
        attrs: Record<string, any>;
    }>;
    links: Record<string, {
        forward: any;
        reverse: any;
    }>;
};
import { Attrs } from '../store/attrs.js';
