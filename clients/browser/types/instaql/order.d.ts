/**
 * A value as `compareValues` takes it: dates become instants.
 * @param {Attr | undefined} attr
 * @param {any} value
 */
export function comparable(attr: Attr | undefined, value: any): any;
/**
 * Negative, 0 or positive, for two comparable values of one attr.
 * @param {any} left
 * @param {any} right
 */
export function compareValues(left: any, right: any): number;
/**
 * @param {{by: any, id: string}} left
 * @param {{by: any, id: string}} right
 */
export function compareRows(left: {
    by: any;
    id: string;
}, right: {
    by: any;
    id: string;
}): number;
export type Attr = import("../store/attrs.js").Attr;
