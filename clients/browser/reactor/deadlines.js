// Things to do at a time, unless they are called off before. Somebody else watches the clock.

export class Deadlines {
  constructor() {
    /** @type {Map<string, {at: number, run: () => void}>} */
    this.byName = new Map();
  }

  /** @param {string} name a second deadline of this name replaces the first
   * @param {number} at ms @param {() => void} run */
  set(name, at, run) {
    this.byName.set(name, { at, run });
  }

  /** @param {string} name */
  clear(name) {
    this.byName.delete(name);
  }

  /** @returns {number} when `pass` has something to do; Infinity for never */
  next() {
    return Math.min(Infinity, ...[...this.byName.values()].map(({ at }) => at));
  }

  /** @param {number} now */
  pass(now) {
    for (const [name, { at, run }] of [...this.byName]) {
      if (at > now || !this.byName.delete(name)) continue;
      run();
    }
  }
}
