/**
 * @typedef {[(string | number)[], '+' | 'r' | '-', any?]} Edit path, what to do there, value
 * @typedef {Record<string, {data: any}>} Sessions by session id
 * @typedef {{keys?: string[], peers?: string[], user?: boolean}} SliceOptions
 */
/**
 * The sessions after the edits. Nothing given is changed.
 * @param {Sessions} sessions
 * @param {Edit[]} edits
 * @returns {Sessions}
 */
export function edited(sessions: Sessions, edits: Edit[]): Sessions;
/**
 * What a page sees of a room.
 * @param {{presence: any, sessions: Sessions, isConnected: boolean, error: any}} room
 * @param {string | null} ownSession
 * @param {SliceOptions} [options]
 */
export function sliceOf({ presence, sessions, isConnected, error }: {
    presence: any;
    sessions: Sessions;
    isConnected: boolean;
    error: any;
}, ownSession: string | null, options?: SliceOptions): {
    isLoading: boolean;
    error: any;
    user?: {
        peerId: string | null;
    } | undefined;
    peers: Record<string, any>;
};
/**
 * path, what to do there, value
 */
export type Edit = [(string | number)[], "+" | "r" | "-", any?];
/**
 * by session id
 */
export type Sessions = Record<string, {
    data: any;
}>;
export type SliceOptions = {
    keys?: string[];
    peers?: string[];
    user?: boolean;
};
