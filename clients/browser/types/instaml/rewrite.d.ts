/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('./steps.js').Step} Step
 */
/**
 * The steps without the attrs that the server has, and with its ids in place of ours.
 * @param {Step[]} steps
 * @param {Attrs} attrs the server's
 * @returns {Step[]}
 */
export function rewritten(steps: Step[], attrs: Attrs): Step[];
export type Attrs = import("../store/attrs.js").Attrs;
export type Step = import("./steps.js").Step;
