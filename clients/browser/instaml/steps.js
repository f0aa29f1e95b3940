// Chunks as tx-steps (realtime.md §6.1): what is sent to the server, and applied here at once.

import { linkOfLookup, withMissingAttrs } from './missing_attrs.js';
import { targetOf } from './chunks.js';

/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('./chunks.js').Chunk} Chunk
 * @typedef {import('./chunks.js').Op} Op
 * @typedef {import('./chunks.js').Target} Target
 * @typedef {[string, ...any[]]} Step
 */

/**
 * The tx-steps of chunks. Throws where a chunk makes no sense.
 * @param {Chunk | Chunk[]} chunks
 * @param {object} context
 * @param {Attrs} context.attrs all attrs known here, with those of pending mutations
 * @param {() => string} context.newId
 * @param {(etype: string, target: Target) => boolean} context.exists whether a live query shows it
 * @param {import('./missing_attrs.js').Schema} [context.schema]
 * @returns {Step[]}
 */
export function stepsOf(chunks, { attrs, newId, exists, schema }) {
  const ops = [chunks].flat().flatMap((one) => one.__ops);
  const known = withMissingAttrs(attrs, ops, newId, schema);
  const writer = new StepWriter(known.attrs, exists);
  /** @type {Step[]} */
  const adding = known.added.map((attr) => ['add-attr', attr]);
  return [...adding, ...ops.flatMap((op) => writer.steps(op))];
}

class StepWriter {
  /** @param {Attrs} attrs @param {(etype: string, target: Target) => boolean} exists */
  constructor(attrs, exists) {
    this.attrs = attrs;
    this.exists = exists;
  }

  /** @param {Op} op @returns {Step[]} */
  steps(op) {
    const entity = this.entity(op.etype, op.target);
    switch (op.action) {
      case 'create':
        return this.properties(op, entity, 'add-triple', [{ mode: 'create' }]);
      case 'update':
        return this.properties(op, entity, 'add-triple', this.updateMode(op, entity));
      case 'merge':
        return this.properties(op, entity, 'deep-merge-triple', this.updateMode(op, entity));
      case 'link':
        return this.links(op, entity, 'add-triple');
      case 'unlink':
        return this.links(op, entity, 'retract-triple');
      case 'delete':
        return [['delete-entity', entity, op.etype]];
      default:
        return [['rule-params', entity, op.etype, op.args]];
    }
  }

  /**
   * The id triple comes first, so that a change of the value that is looked up finds its entity.
   * @param {Op} op @param {any} entity @param {string} action @param {any[]} mode
   * @returns {Step[]}
   */
  properties({ etype, args }, entity, action, mode) {
    const values = Object.entries(args ?? {}).filter(([label, value]) => {
      return label !== 'id' && value !== undefined;
    });
    const steps = values.map(([label, value]) => {
      return /** @type {Step} */ ([action, entity, this.attrId(etype, label), value, ...mode]);
    });
    return [['add-triple', entity, this.attrId(etype, 'id'), entity, ...mode], ...steps];
  }

  /** @param {Op} op @param {any} entity @returns {any[]} */
  updateMode({ etype, opts }, entity) {
    const mustExist = opts?.upsert === undefined ? this.exists(etype, entity) : !opts.upsert;
    return mustExist ? [{ mode: 'update' }] : [];
  }

  /** @param {Op} op @param {any} entity @param {string} action @returns {Step[]} */
  links({ etype, args }, entity, action) {
    const steps = Object.entries(args).flatMap(([label, targets]) => {
      const link = /** @type {any} */ (this.attrs.find(etype, label));
      return [targets].flat().map((target) => {
        const far = this.entity(link.etype, targetOf(target));
        const [from, to] = link.isForward ? [entity, far] : [far, entity];
        return /** @type {Step} */ ([action, from, link.attr.id, to]);
      });
    });
    if (!Array.isArray(entity)) return steps;
    return [['add-triple', entity, this.attrId(etype, 'id'), entity], ...steps];
  }

  /** @param {string} etype @param {Target} target an id, or `[attr id, value]` for a lookup */
  entity(etype, target) {
    if (!Array.isArray(target)) return target;
    const link = linkOfLookup(this.attrs, etype, target[0]);
    const attr = link ? this.attrs.find(etype, link)?.attr : this.attrs.forward(etype, target[0]);
    if (!attr?.['unique?']) throw new Error(`${etype}.${target[0]} is not unique.`);
    return [attr.id, target[1]];
  }

  /** @param {string} etype @param {string} label */
  attrId(etype, label) {
    return /** @type {any} */ (this.attrs.forward(etype, label)).id;
  }
}
