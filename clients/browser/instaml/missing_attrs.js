// Attrs that a change speaks of and nobody has yet: they are made with it (schema on write).
// With a schema they get its types and links, and a name that is not in it is an error.

/**
 * @typedef {import('../store/attrs.js').Attr} Attr
 * @typedef {import('./chunks.js').Op} Op
 * @typedef {{
 *   entities: Record<string, {attrs: Record<string, any>}>,
 *   links: Record<string, {forward: any, reverse: any}>,
 * }} Schema
 */

import { Attrs } from '../store/attrs.js';
import { targetOf } from './chunks.js';

const WITH_PROPERTIES = new Set(['create', 'update', 'merge']);
const WITH_LINKS = new Set(['link', 'unlink']);
const CHECKED = new Set(['string', 'number', 'boolean', 'date']);
const LOOKED_UP = { 'unique?': true, 'index?': true };

/**
 * The attrs to add before the ops can be expressed, and the catalog that has them. Attrs that only
 * this client has so far are added again: the change that made them may be refused.
 * @param {Attrs} attrs
 * @param {Op[]} ops
 * @param {() => string} newId
 * @param {Schema} [schema]
 * @returns {{attrs: Attrs, added: Attr[]}}
 */
export function withMissingAttrs(attrs, ops, newId, schema) {
  const maker = new AttrMaker(attrs, newId, schema);
  for (const op of ops) maker.needLookups(op); // first: what is looked up must be unique
  for (const op of ops) maker.needNames(op);
  return { attrs: maker.attrs, added: [...maker.added.values()] };
}

class AttrMaker {
  /** @param {Attrs} attrs @param {() => string} newId @param {Schema} [schema] */
  constructor(attrs, newId, schema) {
    this.attrs = attrs;
    this.newId = newId;
    this.schema = schema;
    /** @type {Map<string, Attr>} */
    this.added = new Map();
  }

  /** @param {Op} op */
  needLookups({ action, etype, target, args }) {
    this.needTarget(etype, target);
    if (!WITH_LINKS.has(action)) return;
    for (const [label, targets] of Object.entries(args)) {
      const far = this.need(etype, label, 'ref').etype;
      for (const one of [targets].flat()) this.needTarget(far, targetOf(one));
    }
  }

  /** @param {string} etype @param {import('./chunks.js').Target} target */
  needTarget(etype, target) {
    if (!Array.isArray(target)) return;
    const link = linkOfLookup(this.attrs, etype, target[0]);
    if (link) this.need(etype, link, 'ref', LOOKED_UP);
    else this.need(etype, target[0], 'blob', LOOKED_UP);
  }

  /** @param {Op} op */
  needNames({ action, etype, args }) {
    if (!WITH_PROPERTIES.has(action) && !WITH_LINKS.has(action)) return;
    this.need(etype, 'id', 'blob', { 'unique?': true });
    if (!WITH_PROPERTIES.has(action)) return;
    for (const label of Object.keys(args)) if (label !== 'id') this.need(etype, label, 'blob');
  }

  /**
   * @param {string} etype @param {string} label @param {'blob' | 'ref'} kind
   * @param {Partial<Attr>} [more]
   * @returns {import('../store/attrs.js').Found}
   */
  need(etype, label, kind, more) {
    const found =
      kind === 'ref'
        ? this.attrs.find(etype, label)
        : this.attrs.forward(etype, label) && this.attrs.find(etype, label);
    if (!found) return this.make(etype, label, kind, more);
    if (found.attr.isUnsynced) this.added.set(found.attr.id, found.attr);
    return found;
  }

  /**
   * @param {string} etype @param {string} label @param {'blob' | 'ref'} kind
   * @param {Partial<Attr>} [more]
   */
  make(etype, label, kind, more) {
    /** @type {Attr} */
    const attr = {
      id: this.newId(),
      'forward-identity': [this.newId(), etype, label],
      ...(kind === 'ref' && { 'reverse-identity': [this.newId(), label, etype] }),
      'value-type': kind,
      cardinality: kind === 'ref' ? 'many' : 'one',
      'unique?': false,
      'index?': false,
      isUnsynced: true,
      ...(this.schema && this.fromSchema(this.schema, etype, label, kind)),
      ...more,
    };
    this.added.set(attr.id, attr);
    this.attrs = this.attrs.with([attr]);
    return /** @type {import('../store/attrs.js').Found} */ (this.attrs.find(etype, label));
  }

  /**
   * @param {Schema} schema @param {string} etype @param {string} label @param {'blob' | 'ref'} kind
   * @returns {Partial<Attr>}
   */
  fromSchema(schema, etype, label, kind) {
    if (kind === 'ref') return this.linkFromSchema(schema, etype, label);
    if (label === 'id') return {};
    const def = schema.entities[etype]?.attrs?.[label];
    if (!def) throw new Error(`${etype}.${label} is not in the schema.`);
    return {
      'index?': Boolean(def.config?.indexed),
      'unique?': Boolean(def.config?.unique),
      ...(CHECKED.has(def.valueType) && { 'checked-data-type': def.valueType }),
    };
  }

  /** @param {Schema} schema @param {string} etype @param {string} label @returns {Partial<Attr>} */
  linkFromSchema(schema, etype, label) {
    const link = Object.values(schema.links).find(({ forward, reverse }) => {
      return [forward, reverse].some((side) => side.on === etype && side.label === label);
    });
    if (!link) throw new Error(`The link ${etype}.${label} is not in the schema.`);
    const { forward, reverse } = link;
    return {
      'forward-identity': [this.newId(), forward.on, forward.label],
      'reverse-identity': [this.newId(), reverse.on, reverse.label],
      cardinality: forward.has,
      'unique?': reverse.has === 'one',
      ...(forward.onDelete && { 'on-delete': forward.onDelete }),
      ...(reverse.onDelete && { 'on-delete-reverse': reverse.onDelete }),
    };
  }
}

/**
 * The link in a lookup like `owner.id`; a property that has this very name comes first.
 * @param {Attrs} attrs
 * @param {string} etype
 * @param {string} label
 * @returns {string | undefined}
 */
export function linkOfLookup(attrs, etype, label) {
  if (!label.includes('.') || attrs.forward(etype, label)) return undefined;
  const [link, last, ...rest] = label.split('.');
  if (last !== 'id' || rest.length) throw new Error(`${label} cannot be looked up.`);
  return link;
}
