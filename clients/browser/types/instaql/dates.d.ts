/**
 * @param {any} value a number of milliseconds or a text
 * @returns {number | null} null where the value is null; NaN where it is no date
 */
export function instantOf(value: any): number | null;
