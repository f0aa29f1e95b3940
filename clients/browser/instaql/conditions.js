// One operator of a `where` as a question about a value (instaql.md §2.2).

import { Test } from '../datalog.js';
import { comparable, compareValues } from './order.js';

/** @typedef {import('../store/attrs.js').Attr} Attr */

/** @type {Record<string, string>} */
const ALIASES = { $ne: '$not', in: '$in' };

/** @type {Record<string, (order: number) => boolean>} */
const COMPARISONS = {
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
};

/**
 * A condition's operators; a plain value is `$in` of one.
 * @param {any} condition
 * @returns {[string, any][]}
 */
export function operatorsOf(condition) {
  if (condition === null || typeof condition !== 'object' || Array.isArray(condition)) {
    return [['$in', [condition]]];
  }
  return Object.entries(condition).map(([name, operand]) => [ALIASES[name] ?? name, operand]);
}

/**
 * What a triple's part must be: a constant, where the indexes can help, or a test.
 * @param {Attr} attr
 * @param {string} operator
 * @param {any} operand
 */
export function termFor(attr, operator, operand) {
  // Dates of an attr without an index are equal in the same spelling only (§2.2).
  const isDate = attr['checked-data-type'] === 'date' && attr['index?'];
  if (operator === '$in' && operand.length === 1 && operand[0] !== null && !isDate) {
    return operand[0];
  }
  const values = isDate ? (/** @type {any} */ value) => comparable(attr, value) : same;
  const holds = questionFor(values, operator, operand);
  return new Test((value) => holds(values(value)));
}

/** @param {any} value */
const same = (value) => value;

/**
 * @param {(value: any) => any} values how the attr's values are compared
 * @param {string} operator
 * @param {any} operand
 * @returns {(value: any) => boolean} asked of such values
 */
function questionFor(values, operator, operand) {
  if (operator === '$in') {
    const wanted = new Set(operand.map(values));
    return (value) => wanted.has(value);
  }
  if (operator === '$like' || operator === '$ilike') {
    const pattern = likePattern(operand, operator === '$ilike');
    return (value) => typeof value === 'string' && pattern.test(value);
  }
  const other = values(operand);
  if (operator === '$not') return (value) => value !== other;
  const agrees = COMPARISONS[operator];
  if (!agrees) throw new Error(`InstaQL has no operator ${operator}.`);
  return (value) => value !== null && agrees(compareValues(value, other));
}

/** @param {string} like @param {boolean} ignoreCase */
function likePattern(like, ignoreCase) {
  const text = String(like).replace(/[\^$\\.*+?()[\]{}|/%_]/g, (char) => {
    return char === '%' ? '.*' : char === '_' ? '.' : `\\${char}`;
  });
  return new RegExp(`^${text}$`, ignoreCase ? 'sui' : 'su');
}
