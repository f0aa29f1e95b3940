// Pending steps in the words of the server: an attr made here may exist there under another id, or
// as a link seen from its other end (realtime.md §6.4).

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
export function rewritten(steps, attrs) {
  /** @type {Map<string, string>} */
  const ids = new Map();
  /** @type {Set<string>} */
  const swapped = new Set();
  const rest = steps.filter((step) => {
    if (step[0] !== 'add-attr') return true;
    const [, etype, label] = step[1]['forward-identity'];
    const found = attrs.find(etype, label);
    if (!found) return true;
    ids.set(step[1].id, found.attr.id);
    if (!found.isForward) swapped.add(step[1].id);
    return false;
  });
  if (rest.length === steps.length) return steps;
  return rest.map((step) => rewrittenStep(step, ids, swapped));
}

/**
 * @param {Step} step
 * @param {Map<string, string>} ids
 * @param {Set<string>} swapped links that the server has the other way round
 * @returns {Step}
 */
function rewrittenStep(step, ids, swapped) {
  if (step[0] === 'add-attr') return step;
  const inLookup = (/** @type {any} */ part) => {
    return Array.isArray(part) && part.length === 2 && ids.has(part[0])
      ? [ids.get(part[0]), part[1]]
      : part;
  };
  const [action, entity, attr, value, ...rest] = step;
  if (!action.endsWith('-triple')) return [action, inLookup(entity), ...step.slice(2)];
  const ends = [inLookup(entity), inLookup(value)];
  if (swapped.has(attr)) ends.reverse();
  return [action, ends[0], ids.get(attr) ?? attr, ends[1], ...rest];
}
