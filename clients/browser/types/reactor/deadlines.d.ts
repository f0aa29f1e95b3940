export class Deadlines {
    /** @type {Map<string, {at: number, run: () => void}>} */
    byName: Map<string, {
        at: number;
        run: () => void;
    }>;
    /** @param {string} name a second deadline of this name replaces the first
     * @param {number} at ms @param {() => void} run */
    set(name: string, at: number, run: () => void): void;
    /** @param {string} name */
    clear(name: string): void;
    /** @returns {number} when `pass` has something to do; Infinity for never */
    next(): number;
    /** @param {number} now */
    pass(now: number): void;
}
