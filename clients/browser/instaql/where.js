// A `where` as Datalog clauses.
//
// Within one conjunction a linked entity is a variable by (etype, depth), so that two keys that
// lead to the same place speak of one entity. Whatever stands inside `and` or `or`, and every term
// of an expanded `$not` or `$isNull: true`, has linked entities of its own; a group of one term is
// that term (instaql.md §2.2).

import { ANY, Test, Variable } from '../datalog.js';
import { triplesOf } from '../store/triple_store.js';
import { operatorsOf, termFor } from './conditions.js';

/**
 * @typedef {import('../datalog.js').Clause} Clause
 * @typedef {import('../datalog.js').Pattern} Pattern
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('../store/attrs.js').Found} Found
 * @typedef {{path: string[], operator: string, operand: any}} Condition
 * @typedef {{kind: 'and' | 'or', terms: Term[]}} Group
 * @typedef {Condition | Group} Term
 */

/** The query names an attr or a link that there is not: its whole form is empty. */
export class UnknownName extends Error {}

/** Hands out the slots of a row. */
export class Slots {
  constructor() {
    this.width = 0;
  }

  next() {
    return new Variable(this.width++);
  }
}

/**
 * The clauses of a `where` about entities of an etype. Throws `UnknownName`.
 * @param {Attrs} attrs
 * @param {Slots} slots
 * @param {string} etype
 * @param {Variable} root
 * @param {Record<string, any>} where
 * @returns {Clause[]}
 */
export function clausesOf(attrs, slots, etype, root, where) {
  const compiler = new WhereCompiler(attrs, slots, etype, root);
  return compiler.conjunction(termsOf(where), new Map());
}

/** @param {Record<string, any>} where @returns {Term[]} */
function termsOf(where) {
  return Object.entries(where).flatMap(([key, value]) => termsOfKey(key, value).map(collapsed));
}

/** @param {string} key @param {any} value @returns {Term[]} */
function termsOfKey(key, value) {
  if (key === '$entityIdStartsWith') return [];
  if ((key === 'or' || key === 'and') && Array.isArray(value)) {
    const terms = value.map((one) => /** @type {Group} */ ({ kind: 'and', terms: termsOf(one) }));
    return [{ kind: key, terms }];
  }
  const path = key.split('.');
  return operatorsOf(value).map(([operator, operand]) => expanded(path, operator, operand));
}

/**
 * `$not` and `$isNull: true` also hold where any step of the path is missing.
 * @param {string[]} path @param {string} operator @param {any} operand
 * @returns {Term}
 */
function expanded(path, operator, operand) {
  const condition = { path, operator, operand };
  const isNull = operator === '$isNull' && operand === true;
  if (operator !== '$not' && !isNull) return condition;
  const missing = path.map((_, at) => {
    return { path: path.slice(0, at + 1), operator: '$isNull', operand: true };
  });
  return { kind: 'or', terms: isNull ? missing : [condition, ...missing] };
}

/** @param {Term} term @returns {Term} */
function collapsed(term) {
  if (!('kind' in term)) return term;
  const terms = term.terms.map(collapsed).flatMap((inner) => {
    return 'kind' in inner && inner.kind === term.kind ? inner.terms : [inner];
  });
  return terms.length === 1 ? terms[0] : { kind: term.kind, terms };
}

class WhereCompiler {
  /** @param {Attrs} attrs @param {Slots} slots @param {string} etype @param {Variable} root */
  constructor(attrs, slots, etype, root) {
    this.attrs = attrs;
    this.slots = slots;
    this.etype = etype;
    this.root = root;
  }

  /**
   * @param {Term[]} terms
   * @param {Map<string, Variable>} places the linked entities that these terms share
   * @returns {Clause[]}
   */
  conjunction(terms, places) {
    return terms.flatMap((term) => {
      return 'kind' in term ? this.group(term) : this.condition(term, places);
    });
  }

  /** @param {Group} group @returns {Clause[]} */
  group({ kind, terms }) {
    const each = terms.map((term) => this.conjunction([term], new Map()));
    return kind === 'and' ? each.flat() : [{ any: each }];
  }

  /** @param {Condition} condition @param {Map<string, Variable>} places @returns {Clause[]} */
  condition({ path, operator, operand }, places) {
    /** @type {Clause[]} */
    const clauses = [];
    let [entity, etype] = [this.root, this.etype];
    path.slice(0, -1).forEach((label, depth) => {
      const link = this.find(etype, label);
      const far = this.place(places, link.etype, depth + 1);
      clauses.push(linkPattern(link, entity, far));
      [entity, etype] = [far, link.etype];
    });
    const last = this.find(etype, path[path.length - 1]);
    return [...clauses, this.leaf(last, etype, entity, operator, operand)];
  }

  /** @param {Map<string, Variable>} places @param {string} etype @param {number} depth */
  place(places, etype, depth) {
    const name = `${depth} ${etype}`;
    const variable = places.get(name) ?? this.slots.next();
    places.set(name, variable);
    return variable;
  }

  /**
   * @param {Found} found @param {string} etype @param {Variable} entity
   * @param {string} operator @param {any} operand
   * @returns {Pattern}
   */
  leaf(found, etype, entity, operator, operand) {
    if (operator === '$isNull') {
      const isMember = this.attrs.idAttr(etype)?.id;
      return [entity, isMember, new Test(absence(found, operand)), ANY];
    }
    const term = termFor(found.attr, operator, operand);
    return linkPattern(found, entity, term);
  }

  /** @param {string} etype @param {string} label @returns {Found} */
  find(etype, label) {
    const found = this.attrs.find(etype, label);
    if (!found || !this.attrs.idAttr(etype)) throw new UnknownName(`${etype}.${label}`);
    return found;
  }
}

/** @param {Found} found @param {any} near @param {any} far @returns {Pattern} */
export function linkPattern({ attr, isForward }, near, far) {
  return isForward ? [near, attr.id, far, ANY] : [far, attr.id, near, ANY];
}

/**
 * Whether an entity has no value under the attr (or has one, for `$isNull: false`).
 * @param {Found} found
 * @param {boolean} isNull
 * @returns {(entity: string, store: import('../store/triple_store.js').TripleStore) => boolean}
 */
function absence({ attr, isForward }, isNull) {
  return (entity, store) => {
    const triples = isForward
      ? triplesOf(store.eav.get(entity)?.get(attr.id))
      : store.linksTo(entity, attr.id);
    return triples.some((triple) => triple[2] !== null) !== isNull;
  };
}
