// What the Reactor wants done. It does nothing itself: whoever gives it an input takes the list
// afterwards and works through it, in order.

/**
 * @typedef {{do: 'connect', afterMs: number}
 *   | {do: 'disconnect'}
 *   | {do: 'send', message: Record<string, any>}
 *   | {do: 'inform', listener: (value: any) => void, value: any}
 *   | {do: 'load', key: string}
 *   | {do: 'save', store: StoreName, key: string, value: any}
 *   | {do: 'forget', store: StoreName, key: string}
 *   | {do: 'forget-all'}} Effect
 * @typedef {'kv' | 'queries' | 'pending'} StoreName
 */

export class Effects {
  constructor() {
    /** @type {Effect[]} */
    this.list = [];
  }

  /** @param {Effect} effect */
  add(effect) {
    this.list.push(effect);
  }

  /** @param {Iterable<(value: any) => void>} listeners @param {any} value */
  inform(listeners, value) {
    for (const listener of listeners) this.add({ do: 'inform', listener, value });
  }

  /** @returns {Effect[]} everything since the last time */
  take() {
    const taken = this.list;
    this.list = [];
    return taken;
  }
}
