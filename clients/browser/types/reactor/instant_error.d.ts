export class InstantError extends Error {
    /** @param {Record<string, any>} wire an `error` message, or the body of an HTTP error */
    static from(wire: Record<string, any>): InstantError;
    /**
     * @param {string} message
     * @param {{hint?: any, type?: string, status?: number, traceId?: string}} [more]
     */
    constructor(message: string, { hint, type, status, traceId }?: {
        hint?: any;
        type?: string;
        status?: number;
        traceId?: string;
    });
    hint: any;
    type: string | undefined;
    status: number | undefined;
    traceId: string | undefined;
}
