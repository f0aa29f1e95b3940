/**
 * @typedef {import('../store/attrs.js').Attrs} Attrs
 * @typedef {import('./chunks.js').Chunk} Chunk
 * @typedef {import('./chunks.js').Op} Op
 * @typedef {import('./chunks.js').Target} Target
 * @typedef {[string, ...any[]]} Step
 */
/**
 * The tx-steps of chunks. Throws where a chunk makes no sense.
 * @param {Chunk | Chunk[]} chunks
 * @param {object} context
 * @param {Attrs} context.attrs all attrs known here, with those of pending mutations
 * @param {() => string} context.newId
 * @param {(etype: string, target: Target) => boolean} context.exists whether a live query shows it
 * @param {import('./missing_attrs.js').Schema} [context.schema]
 * @returns {Step[]}
 */
export function stepsOf(chunks: Chunk | Chunk[], { attrs, newId, exists, schema }: {
    attrs: Attrs;
    newId: () => string;
    exists: (etype: string, target: Target) => boolean;
    schema?: import("./missing_attrs.js").Schema | undefined;
}): Step[];
export type Attrs = import("../store/attrs.js").Attrs;
export type Chunk = import("./chunks.js").Chunk;
export type Op = import("./chunks.js").Op;
export type Target = import("./chunks.js").Target;
export type Step = [string, ...any[]];
