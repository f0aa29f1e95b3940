// The builder of changes: `tx.todos[id].update({…}).link({…})`. A chunk is a value that says which
// entity is meant and what to do with it; `steps.js` makes tx-steps of chunks.

/**
 * @typedef {string | [string, any]} Target an entity's id, or a unique label and its value
 * @typedef {{action: string, etype: string, target: Target, args: any, opts?: any}} Op
 * @typedef {{__etype: string, __ops: Op[], [action: string]: any}} Chunk
 */

const ACTIONS = ['create', 'update', 'merge', 'link', 'unlink', 'delete', 'ruleParams'];
const LOOKUP = 'lookup__';

/**
 * Names an entity by a unique value, in place of its id.
 * @param {string} label
 * @param {any} value
 */
export function lookup(label, value) {
  return `${LOOKUP}${label}__${JSON.stringify(value)}`;
}

/**
 * What stands for an entity in a chunk or a link.
 * @param {any} target an id, a `lookup`, or an object of one label and its value
 * @returns {Target}
 */
export function targetOf(target) {
  if (Array.isArray(target)) return /** @type {Target} */ (target);
  if (typeof target === 'string') {
    if (!target.startsWith(LOOKUP)) return target;
    const [label, ...value] = target.slice(LOOKUP.length).split('__');
    return [label, JSON.parse(value.join('__'))];
  }
  const entries = Object.entries(target ?? {});
  if (entries.length !== 1) throw new Error('A lookup names one unique label and its value.');
  return entries[0];
}

/** @param {string} etype @param {Target} target @param {Op[]} ops @returns {Chunk} */
function chunk(etype, target, ops) {
  /** @type {Chunk} */
  const made = { __etype: etype, __ops: ops };
  for (const action of ACTIONS) {
    made[action] = (/** @type {any} */ args, /** @type {any} */ opts) => {
      return chunk(etype, target, [...ops, { action, etype, target, args, opts }]);
    };
  }
  return made;
}

/** @param {string} etype */
function chunksOf(etype) {
  return new Proxy(/** @type {any} */ ({}), {
    get(_, name) {
      if (name === 'lookup') {
        return (/** @type {string} */ label, /** @type {any} */ value) => {
          return chunk(etype, [label, value], []);
        };
      }
      return chunk(etype, targetOf(name), []);
    },
  });
}

/**
 * `tx.<etype>[<id or lookup>].<action>(…)`.
 * @type {Record<string, any>}
 */
export const tx = new Proxy({}, { get: (_, etype) => chunksOf(String(etype)) });
