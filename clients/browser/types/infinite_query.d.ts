export class InfiniteQuery {
    /**
     * @param {SubscribeQuery} subscribe may call its listener before it returns
     * @param {Record<string, Form>} query of one namespace; its `limit` is the size of a page
     * @param {(state: {data?: any, error?: any, canLoadNextPage: boolean}) => void} listener
     */
    constructor(subscribe: SubscribeQuery, query: Record<string, Form>, listener: (state: {
        data?: any;
        error?: any;
        canLoadNextPage: boolean;
    }) => void);
    subscribe: SubscribeQuery;
    listener: (state: {
        data?: any;
        error?: any;
        canLoadNextPage: boolean;
    }) => void;
    etype: string;
    form: import("./instaql/plan.js").Form;
    pageSize: number;
    order: [string, string];
    /** @type {Window[]} */
    pages: Window[];
    /** @type {Window | null} */
    head: Window | null;
    isActive: boolean;
    /** Show one page more. */
    loadNextPage: () => void;
    unsubscribe: () => void;
    canLoadNextPage(): boolean;
    /** @returns {Window[]} */
    windows(): Window[];
    /** @param {any[] | null} after */
    openPage(after: any[] | null): void;
    /**
     * Ask for other rows than before; the old ones show until there is an answer.
     * @param {Window} window
     * @param {Partial<Window>} place where it begins or ends now
     */
    move(window: Window, place: Partial<Window>): void;
    /** @param {Window} window @param {any} state */
    answered(window: Window, { data, pageInfo, error, isStored }: any): void;
    /**
     * Whether there is a whole page, and it begins where the server says: rows that only this client
     * has so far have no cursor.
     * @param {Window} window
     */
    isFull({ rows, info }: Window): any;
    /** The first page is full: it stays where it is. @param {Window} page @param {any[]} start */
    hold(page: Window, start: any[]): void;
    /** @param {Window} window */
    queryFor({ direction, after, isInclusive, until }: Window): {
        [x: string]: {
            $: {
                limit?: number | undefined;
                before?: any[] | undefined;
                beforeInclusive?: boolean | undefined;
                afterInclusive?: boolean | undefined;
                after?: any[] | undefined;
                order: {
                    [x: string]: string;
                };
                fields?: string[] | undefined;
                where?: Record<string, any> | undefined;
            };
        };
    };
    notify(): void;
}
export type Form = import("./instaql/plan.js").Form;
export type SubscribeQuery = (query: any, listener: (state: any) => void) => () => void;
export type Subscription = {
    isOver: boolean;
    stop: () => void;
};
/**
 * rows and info are the newest answer, also of a subscription that was replaced
 */
export type Window = {
    direction: string;
    after: any[] | null;
    isInclusive: boolean;
    until: any[] | null;
    rows: any[] | null;
    info: any;
    subscription: Subscription | null;
};
