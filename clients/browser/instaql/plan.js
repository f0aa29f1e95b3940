// A query compiled against a catalog: one plan a form. A plan is made once and run on many stores.

import { Variable } from '../datalog.js';
import { clausesOf, linkPattern, Slots, UnknownName } from './where.js';

/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('../store/attrs.js').Attr} Attr
 * @typedef {import('../store/attrs.js').Found} Found
 * @typedef {{
 *   where?: Record<string, any>, order?: Record<string, 'asc' | 'desc'>, fields?: string[],
 *   limit?: number, first?: number, last?: number, offset?: number, after?: any[], before?: any[],
 *   afterInclusive?: boolean, beforeInclusive?: boolean, aggregate?: 'count',
 * }} Options
 * @typedef {{$?: Options, [link: string]: any}} Form
 * @typedef {Record<string, any>} Query etype → form
 * @typedef {{label: string, isSingular: boolean, plan: Plan | null}} Child a nested form; without
 *   a plan it is empty
 * @typedef {{
 *   clauses: import('../datalog.js').Clause[], width: number, options: Options,
 *   orderAttr: Attr | undefined, isDescending: boolean, isLeading: boolean,
 *   properties: Map<string, string>, children: Child[],
 * }} Plan
 * @typedef {(etype: string, label: string) => boolean} IsSingular
 */

export const ROOT = 0;
export const TIME = 1;
export const PARENT = 2;

/**
 * @param {Attrs} attrs
 * @param {string} etype
 * @param {Form} form
 * @param {IsSingular} isSingular whether a link shows one object instead of a list
 * @param {Found} [link] from the parent
 * @returns {Plan | null} null where the form speaks of what there is not: nothing matches
 */
export function planForm(attrs, etype, form, isSingular, link) {
  const options = optionsOf(form);
  const slots = new Slots();
  const [root, time, parent] = [slots.next(), slots.next(), slots.next()];
  const clauses = rootClauses(attrs, etype, options, { slots, root, time, parent, link });
  if (!clauses) return null;
  const [[label, direction]] = Object.entries(options.order ?? { serverCreatedAt: 'asc' });
  return {
    clauses,
    width: slots.width,
    options,
    orderAttr: label === 'serverCreatedAt' ? undefined : attrs.forward(etype, label),
    isDescending: direction === 'desc',
    isLeading: !options.offset && !options.after && !options.before,
    properties: attrs.properties(etype, options.fields),
    children: childrenOf(attrs, etype, form, isSingular),
  };
}

/** @param {Form} form @returns {Options} what is null counts as not there */
function optionsOf(form) {
  const given = Object.entries(form.$ ?? {}).filter(([name, value]) => {
    return value != null && !(name === 'order' && Object.keys(value).length === 0);
  });
  return Object.fromEntries(given);
}

/**
 * @param {Attrs} attrs @param {string} etype @param {Options} options
 * @param {{slots: Slots, root: Variable, time: Variable, parent: Variable, link?: Found}} row
 */
function rootClauses(attrs, etype, options, { slots, root, time, parent, link }) {
  const idAttr = attrs.idAttr(etype);
  if (!idAttr) return null;
  try {
    const where = clausesOf(attrs, slots, etype, root, options.where ?? {});
    const fromParent = link ? [linkPattern(link, parent, root)] : [];
    return [...fromParent, ...where, /** @type {any} */ ([root, idAttr.id, root, time])];
  } catch (error) {
    if (error instanceof UnknownName) return null;
    throw error;
  }
}

/** @param {Attrs} attrs @param {string} etype @param {Form} form @param {IsSingular} isSingular */
function childrenOf(attrs, etype, form, isSingular) {
  const labels = Object.keys(form).filter((label) => label !== '$');
  return labels.map((label) => {
    const link = attrs.find(etype, label);
    const plan = link && planForm(attrs, link.etype, form[label], isSingular, link);
    return { label, isSingular: isSingular(etype, label), plan: plan ?? null };
  });
}
