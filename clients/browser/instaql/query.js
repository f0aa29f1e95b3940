// Plans run over a store: rows, in order, the page of them, and the tree of objects they make.

import { solve } from '../datalog.js';
import { LayeredMap } from '../store/layered_map.js';
import { comparable, compareRows } from './order.js';
import { PARENT, planForm, ROOT, TIME } from './plan.js';

/**
 * @typedef {import('../store/triple_store.js').TripleStore} TripleStore
 * @typedef {import('./plan.js').Plan} Plan
 * @typedef {import('./plan.js').Query} Query
 * @typedef {import('./plan.js').IsSingular} IsSingular
 * @typedef {{id: string, by: any}} Row an entity and what it is ordered by
 * @typedef {Record<string, any>} WirePageInfo `start-cursor` … of each etype, as the server says it
 * @typedef {{
 *   data: Record<string, any>,
 *   pageInfo?: Record<string, {startCursor: any, endCursor: any,
 *                              hasNextPage: boolean, hasPreviousPage: boolean}>,
 *   aggregate?: Record<string, any>,
 * }} Answer
 */

const NO_LINK_IS_SINGULAR = () => false;

/**
 * What a query shows over a store.
 * @param {TripleStore} store
 * @param {Query} query
 * @param {{pageInfo?: WirePageInfo | null, aggregate?: Record<string, any> | null,
 *          isSingular?: IsSingular}} [extra] what the server said beside the triples
 * @returns {Answer}
 */
export function answerOver(store, query, extra = {}) {
  const { pageInfo, aggregate, isSingular = NO_LINK_IS_SINGULAR } = extra;
  /** @type {Record<string, any>} */
  const data = {};
  for (const [etype, form] of Object.entries(query)) {
    if (etype === '$$ruleParams' || aggregate?.[etype]) continue;
    const plan = planForm(store.attrs, etype, form, isSingular);
    data[etype] = plan ? nodes(store, plan, pageInfo?.[etype]) : [];
  }
  return {
    data,
    ...(pageInfo && { pageInfo: mapValues(pageInfo, camelCased) }),
    ...(aggregate && { aggregate }),
  };
}

/**
 * @param {TripleStore} store
 * @param {Plan} plan
 * @param {Record<string, any> | undefined} pageInfo
 * @param {string} [parent]
 * @returns {any[]}
 */
function nodes(store, plan, pageInfo, parent) {
  const start = pageInfo?.['start-cursor'];
  if (!plan.isLeading && !start) return []; // only the server knows where the page begins
  const rows = rowsOf(store, plan, parent);
  const sign = plan.isDescending ? -1 : 1;
  rows.sort((left, right) => sign * compareRows(left, right));
  const page = plan.isLeading ? rows : between(plan, rows, start, pageInfo?.['end-cursor']);
  return cut(page, plan.options).map((row) => node(store, plan, row.id));
}

/** @param {TripleStore} store @param {Plan} plan @param {string} [parent] @returns {Row[]} */
function rowsOf(store, plan, parent) {
  const row = new Array(plan.width).fill(undefined);
  row[PARENT] = parent;
  /** @type {Map<string, Row>} */
  const rows = new Map();
  solve(store, plan.clauses, row, () => {
    const id = row[ROOT];
    if (!rows.has(id)) rows.set(id, { id, by: orderValue(store, plan, id, row[TIME]) });
  });
  return [...rows.values()];
}

/** @param {TripleStore} store @param {Plan} plan @param {string} id @param {number} time */
function orderValue(store, { orderAttr }, id, time) {
  return orderAttr ? comparable(orderAttr, store.triple(id, orderAttr.id)?.[2]) : time;
}

/** @param {Plan} plan @param {Row[]} rows @param {any[]} start @param {any[]} end */
function between(plan, rows, start, end) {
  const [first, last] = [cursorRow(plan, start), cursorRow(plan, end)];
  const sign = plan.isDescending ? -1 : 1;
  return rows.filter((row) => {
    return sign * compareRows(row, first) >= 0 && sign * compareRows(row, last) <= 0;
  });
}

/** @param {Plan} plan @param {any[]} cursor @returns {Row} */
function cursorRow({ orderAttr }, [id, , value, time]) {
  return { id, by: orderAttr ? comparable(orderAttr, value) : time };
}

/** @param {Row[]} rows @param {import('./plan.js').Options} options */
function cut(rows, { limit, first, last }) {
  if (last) return rows.slice(-last);
  const count = limit ?? first;
  return count ? rows.slice(0, count) : rows;
}

/** @param {TripleStore} store @param {Plan} plan @param {string} id */
function node(store, plan, id) {
  /** @type {Record<string, any>} */
  const shown = {};
  store.eav.get(id)?.forEach((/** @type {any} */ leaf, /** @type {string} */ a) => {
    const label = plan.properties.get(a);
    if (label !== undefined) shown[label] = valueOf(leaf);
  });
  for (const { label, isSingular, plan: child } of plan.children) {
    const found = child ? nodes(store, child, undefined, id) : [];
    shown[label] = isSingular ? found[0] : found;
  }
  return shown;
}

/** @param {any} leaf one triple, or those of a property with many values: the last one shows */
function valueOf(leaf) {
  if (!(leaf instanceof LayeredMap)) return leaf[2];
  let value;
  leaf.forEach((triple) => (value = triple[2]));
  return value;
}

/** @param {Record<string, any>} info */
function camelCased(info) {
  return {
    startCursor: info['start-cursor'],
    endCursor: info['end-cursor'],
    hasNextPage: info['has-next-page?'],
    hasPreviousPage: info['has-previous-page?'],
  };
}

/** @template T, U @param {Record<string, T>} values @param {(value: T) => U} change */
function mapValues(values, change) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
