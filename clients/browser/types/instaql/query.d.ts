/**
 * What a query shows over a store.
 * @param {TripleStore} store
 * @param {Query} query
 * @param {{pageInfo?: WirePageInfo | null, aggregate?: Record<string, any> | null,
 *          isSingular?: IsSingular}} [extra] what the server said beside the triples
 * @returns {Answer}
 */
export function answerOver(store: TripleStore, query: Query, extra?: {
    pageInfo?: WirePageInfo | null;
    aggregate?: Record<string, any> | null;
    isSingular?: IsSingular;
}): Answer;
export type TripleStore = import("../store/triple_store.js").TripleStore;
export type Plan = import("./plan.js").Plan;
export type Query = import("./plan.js").Query;
export type IsSingular = import("./plan.js").IsSingular;
/**
 * an entity and what it is ordered by
 */
export type Row = {
    id: string;
    by: any;
};
/**
 * `start-cursor` … of each etype, as the server says it
 */
export type WirePageInfo = Record<string, any>;
export type Answer = {
    data: Record<string, any>;
    pageInfo?: Record<string, {
        startCursor: any;
        endCursor: any;
        hasNextPage: boolean;
        hasPreviousPage: boolean;
    }>;
    aggregate?: Record<string, any>;
};
