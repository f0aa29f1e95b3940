// Datalog over a triple store, by backtracking: a clause is tried on the triples that can match
// it, and each match goes on to the next clause. No row is copied: variables are slots of one
// array, bound on the way in and freed on the way out.
//
// A clause is a pattern `[entity, attr, value, time]` or a choice `{any: [clauses, …]}`. A part of
// a pattern is a variable, a test, `ANY`, or a constant that must be equal.

import { LayeredMap } from './store/layered_map.js';

/**
 * @typedef {import('./store/triple_store.js').TripleStore} TripleStore
 * @typedef {import('./store/triple_store.js').Triple} Triple
 * @typedef {[any, any, any, any]} Pattern
 * @typedef {Pattern | {any: Clause[][]}} Clause
 */

/** Matches everything. */
export const ANY = Symbol('any');

/** A slot of the row; equal slots must have equal values. */
export class Variable {
  /** @param {number} slot */
  constructor(slot) {
    this.slot = slot;
  }
}

/** A question about one part of a triple that an index cannot answer. */
export class Test {
  /** @param {(part: any, store: TripleStore) => boolean} holds */
  constructor(holds) {
    this.holds = holds;
  }
}

/**
 * Visit every way in which all clauses hold. The row is only right during the visit.
 * @param {TripleStore} store
 * @param {Clause[]} clauses
 * @param {any[]} row what is known of the variables; undefined is not known
 * @param {() => void} found
 * @param {number} at the clause to begin with
 */
export function solve(store, clauses, row, found, at = 0) {
  if (at === clauses.length) return found();
  const clause = clauses[at];
  const next = () => solve(store, clauses, row, found, at + 1);
  if (!Array.isArray(clause)) {
    for (const branch of clause.any) solve(store, branch, row, next);
    return;
  }
  candidates(store, clause, row, (triple) => match(store, clause, triple, row, next));
}

/**
 * Triples that may match, from the narrowest index that what is known allows.
 * @param {TripleStore} store
 * @param {Pattern} pattern
 * @param {any[]} row
 * @param {(triple: Triple) => void} visit
 */
function candidates(store, pattern, row, visit) {
  const [e, a, v] = [known(pattern[0], row), known(pattern[1], row), known(pattern[2], row)];
  if (e !== undefined) {
    const entity = store.eav.get(e);
    if (a !== undefined) visitLeaf(entity?.get(a), v, visit);
    else entity?.forEach((/** @type {any} */ leaf) => visitLeaf(leaf, v, visit));
  } else if (v !== undefined && store.attrs.get(a)?.['value-type'] === 'ref') {
    store.vae.get(v)?.get(a)?.forEach(visit);
  } else if (a !== undefined) {
    store.aev.get(a)?.forEach((/** @type {any} */ leaf) => visitLeaf(leaf, v, visit));
  } else {
    store.eav.forEach((entity) => {
      entity.forEach((/** @type {any} */ leaf) => visitLeaf(leaf, v, visit));
    });
  }
}

/**
 * @param {any} leaf
 * @param {any} v the value, if it is known
 * @param {(triple: Triple) => void} visit
 */
function visitLeaf(leaf, v, visit) {
  if (leaf === undefined) return;
  if (!(leaf instanceof LayeredMap)) return visit(leaf);
  if (v === undefined) return leaf.forEach(visit);
  const triple = leaf.get(v);
  if (triple) visit(triple);
}

/**
 * Bind what the triple says, go on if it agrees with what was known, and free it again.
 * @param {TripleStore} store
 * @param {Pattern} pattern
 * @param {Triple} triple
 * @param {any[]} row
 * @param {() => void} next
 */
function match(store, pattern, triple, row, next) {
  let bound = 0;
  let agrees = true;
  for (let part = 0; part < 4 && agrees; part++) {
    const term = pattern[part];
    if (term instanceof Variable && row[term.slot] === undefined) {
      row[term.slot] = triple[part];
      bound |= 1 << part;
    } else {
      agrees = accepts(store, term, triple[part], row);
    }
  }
  if (agrees) next();
  for (let part = 0; bound; part++, bound >>= 1) {
    if (bound & 1) row[pattern[part].slot] = undefined;
  }
}

/** @param {TripleStore} store @param {any} term @param {any} part @param {any[]} row */
function accepts(store, term, part, row) {
  if (term === ANY) return true;
  if (term instanceof Variable) return row[term.slot] === part;
  if (term instanceof Test) return term.holds(part, store);
  return term === part;
}

/** @param {any} term @param {any[]} row */
function known(term, row) {
  if (term instanceof Variable) return row[term.slot];
  return term === ANY || term instanceof Test ? undefined : term;
}
