/**
 * A condition's operators; a plain value is `$in` of one.
 * @param {any} condition
 * @returns {[string, any][]}
 */
export function operatorsOf(condition: any): [string, any][];
/**
 * What a triple's part must be: a constant, where the indexes can help, or a test.
 * @param {Attr} attr
 * @param {string} operator
 * @param {any} operand
 */
export function termFor(attr: Attr, operator: string, operand: any): any;
export type Attr = import("../store/attrs.js").Attr;
