// The total order of InstaQL (instaql.md §2.4): by value, then by entity id; null comes first.

import { instantOf } from './dates.js';

/** @typedef {import('../store/attrs.js').Attr} Attr */

const collator = new Intl.Collator('en-US');

/**
 * A value as `compareValues` takes it: dates become instants.
 * @param {Attr | undefined} attr
 * @param {any} value
 */
export function comparable(attr, value) {
  if (value == null) return null;
  return attr?.['checked-data-type'] === 'date' ? instantOf(value) : value;
}

/**
 * Negative, 0 or positive, for two comparable values of one attr.
 * @param {any} left
 * @param {any} right
 */
export function compareValues(left, right) {
  if (left === right) return 0;
  if (left == null || right == null) return left == null ? (right == null ? 0 : -1) : 1;
  if (typeof left === 'string' && typeof right === 'string') return collator.compare(left, right);
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * @param {{by: any, id: string}} left
 * @param {{by: any, id: string}} right
 */
export function compareRows(left, right) {
  return compareValues(left.by, right.by) || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}
