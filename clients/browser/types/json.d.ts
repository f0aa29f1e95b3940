/**
 * The value as text with sorted keys: the key of a query (realtime.md §5.1).
 * @param {any} value
 * @returns {string}
 */
export function canonical(value: any): string;
/** @param {any} value @returns {value is Record<string, any>} */
export function isObject(value: any): value is Record<string, any>;
/**
 * Whether two JSON values are the same. Parts that are one object in both are not looked into.
 * @param {any} left
 * @param {any} right
 * @returns {boolean}
 */
export function equal(left: any, right: any): boolean;
/**
 * What `merge` makes of a stored value: objects are merged, null removes a key.
 * @param {any} old
 * @param {any} change
 * @returns {any}
 */
export function deepMerged(old: any, change: any): any;
