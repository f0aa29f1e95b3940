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
    /** @type {Effect[]} */
    list: Effect[];
    /** @param {Effect} effect */
    add(effect: Effect): void;
    /** @param {Iterable<(value: any) => void>} listeners @param {any} value */
    inform(listeners: Iterable<(value: any) => void>, value: any): void;
    /** @returns {Effect[]} everything since the last time */
    take(): Effect[];
}
export type Effect = {
    do: "connect";
    afterMs: number;
} | {
    do: "disconnect";
} | {
    do: "send";
    message: Record<string, any>;
} | {
    do: "inform";
    listener: (value: any) => void;
    value: any;
} | {
    do: "load";
    key: string;
} | {
    do: "save";
    store: StoreName;
    key: string;
    value: any;
} | {
    do: "forget";
    store: StoreName;
    key: string;
} | {
    do: "forget-all";
};
export type StoreName = "kv" | "queries" | "pending";
