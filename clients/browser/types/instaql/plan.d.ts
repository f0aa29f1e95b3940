/**
 * @param {Attrs} attrs
 * @param {string} etype
 * @param {Form} form
 * @param {IsSingular} isSingular whether a link shows one object instead of a list
 * @param {Found} [link] from the parent
 * @returns {Plan | null} null where the form speaks of what there is not: nothing matches
 */
export function planForm(attrs: Attrs, etype: string, form: Form, isSingular: IsSingular, link?: Found): Plan | null;
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
export const ROOT: 0;
export const TIME: 1;
export const PARENT: 2;
export type Attrs = import("../store/attrs.js").Attrs;
export type Attr = import("../store/attrs.js").Attr;
export type Found = import("../store/attrs.js").Found;
export type Options = {
    where?: Record<string, any>;
    order?: Record<string, "asc" | "desc">;
    fields?: string[];
    limit?: number;
    first?: number;
    last?: number;
    offset?: number;
    after?: any[];
    before?: any[];
    afterInclusive?: boolean;
    beforeInclusive?: boolean;
    aggregate?: "count";
};
export type Form = {
    $?: Options;
    [link: string]: any;
};
/**
 * etype → form
 */
export type Query = Record<string, any>;
/**
 * a nested form; without
 * a plan it is empty
 */
export type Child = {
    label: string;
    isSingular: boolean;
    plan: Plan | null;
};
export type Plan = {
    clauses: import("../datalog.js").Clause[];
    width: number;
    options: Options;
    orderAttr: Attr | undefined;
    isDescending: boolean;
    isLeading: boolean;
    properties: Map<string, string>;
    children: Child[];
};
export type IsSingular = (etype: string, label: string) => boolean;
