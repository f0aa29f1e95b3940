/**
 * Names an entity by a unique value, in place of its id.
 * @param {string} label
 * @param {any} value
 */
export function lookup(label: string, value: any): string;
/**
 * What stands for an entity in a chunk or a link.
 * @param {any} target an id, a `lookup`, or an object of one label and its value
 * @returns {Target}
 */
export function targetOf(target: any): Target;
/**
 * `tx.<etype>[<id or lookup>].<action>(…)`.
 * @type {Record<string, any>}
 */
export const tx: Record<string, any>;
/**
 * an entity's id, or a unique label and its value
 */
export type Target = string | [string, any];
export type Op = {
    action: string;
    etype: string;
    target: Target;
    args: any;
    opts?: any;
};
export type Chunk = {
    __etype: string;
    __ops: Op[];
    [action: string]: any;
};
