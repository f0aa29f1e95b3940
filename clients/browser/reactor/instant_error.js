// The error that every refusal becomes, from the socket or from HTTP.

export class InstantError extends Error {
  /**
   * @param {string} message
   * @param {{hint?: any, type?: string, status?: number, traceId?: string}} [more]
   */
  constructor(message, { hint, type, status, traceId } = {}) {
    super(message);
    this.name = 'InstantError';
    this.hint = hint;
    this.type = type;
    this.status = status;
    this.traceId = traceId;
  }

  /** @param {Record<string, any>} wire an `error` message, or the body of an HTTP error */
  static from(wire) {
    const message = wire.message || 'Something went wrong.';
    return new InstantError(message, { ...wire, traceId: wire['trace-id'] });
  }
}
