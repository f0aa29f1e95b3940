/** A new id for an entity, an attr or a message. */
export function id(): string;
