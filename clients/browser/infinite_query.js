// A list without an end, live at every page: windows of cursors, each a live query of its own.
//
//   ◀── head ──┤ page │ page │ last page ──▶
//
// Loaded pages are frozen between two cursors; the last one has a limit and goes on from where the
// one before it ends. The head looks the other way from the very first row, and shows what came in
// front of it since. Until the first page is full there is only that one, open at both ends.

/**
 * @typedef {import('./instaql/plan.js').Form} Form
 * @typedef {(query: any, listener: (state: any) => void) => () => void} SubscribeQuery
 * @typedef {{isOver: boolean, stop: () => void}} Subscription
 * @typedef {{
 *   direction: string, after: any[] | null, isInclusive: boolean, until: any[] | null,
 *   rows: any[] | null, info: any, subscription: Subscription | null,
 * }} Window rows and info are the newest answer, also of a subscription that was replaced
 */

const PAGE_SIZE = 10;

export class InfiniteQuery {
  /**
   * @param {SubscribeQuery} subscribe may call its listener before it returns
   * @param {Record<string, Form>} query of one namespace; its `limit` is the size of a page
   * @param {(state: {data?: any, error?: any, canLoadNextPage: boolean}) => void} listener
   */
  constructor(subscribe, query, listener) {
    const [[etype, form], ...others] = Object.entries(query);
    if (others.length) throw new Error('An infinite query is about one namespace.');
    this.subscribe = subscribe;
    this.listener = listener;
    this.etype = etype;
    this.form = form;
    this.pageSize = form.$?.limit ?? PAGE_SIZE;
    this.order = Object.entries(form.$?.order ?? { serverCreatedAt: 'asc' })[0];
    /** @type {Window[]} */
    this.pages = [];
    /** @type {Window | null} */
    this.head = null;
    this.isActive = true;
    this.openPage(null);
  }

  /** Show one page more. */
  loadNextPage = () => {
    const last = this.pages[this.pages.length - 1];
    const end = last.info?.endCursor;
    if (!end || !this.canLoadNextPage()) return;
    this.move(last, { until: end });
    this.openPage(end);
  };

  unsubscribe = () => {
    this.isActive = false;
    for (const window of this.windows()) end(window.subscription);
  };

  canLoadNextPage() {
    return Boolean(this.pages[this.pages.length - 1].info?.hasNextPage);
  }

  /** @returns {Window[]} */
  windows() {
    return this.head ? [this.head, ...this.pages] : this.pages;
  }

  /** @param {any[] | null} after */
  openPage(after) {
    const page = newWindow(this.order[1], after);
    this.pages.push(page);
    this.move(page, {});
  }

  /**
   * Ask for other rows than before; the old ones show until there is an answer.
   * @param {Window} window
   * @param {Partial<Window>} place where it begins or ends now
   */
  move(window, place) {
    const before = window.subscription;
    /** @type {Subscription} */
    const subscription = { isOver: false, stop: () => {} };
    Object.assign(window, place, { subscription });
    subscription.stop = this.subscribe(this.queryFor(window), (state) => {
      if (this.isActive && !subscription.isOver) this.answered(window, state);
    });
    if (subscription.isOver) subscription.stop(); // its first answer already moved the window on
    end(before);
  }

  /** @param {Window} window @param {any} state */
  answered(window, { data, pageInfo, error, isStored }) {
    if (error) return this.listener({ error, data: undefined, canLoadNextPage: false });
    Object.assign(window, { rows: data[this.etype], info: pageInfo?.[this.etype] });
    if (!this.head && !isStored && this.isFull(window)) this.hold(window, window.info.startCursor);
    this.notify();
  }

  /**
   * Whether there is a whole page, and it begins where the server says: rows that only this client
   * has so far have no cursor.
   * @param {Window} window
   */
  isFull({ rows, info }) {
    const begins = info?.startCursor && rows?.[0]?.id === info.startCursor[0];
    return begins && (rows ?? []).length >= this.pageSize;
  }

  /** The first page is full: it stays where it is. @param {Window} page @param {any[]} start */
  hold(page, start) {
    this.head = newWindow(this.order[1] === 'asc' ? 'desc' : 'asc', start);
    this.move(this.head, {});
    this.move(page, { after: start, isInclusive: true });
  }

  /** @param {Window} window */
  queryFor({ direction, after, isInclusive, until }) {
    const { where, fields } = this.form.$ ?? {};
    const $ = {
      ...(where && { where }),
      ...(fields && { fields }),
      order: { [this.order[0]]: direction },
      ...(after && { after }),
      ...(isInclusive && { afterInclusive: true }),
      ...(until && { before: until, beforeInclusive: true }),
      ...(!until && direction === this.order[1] && { limit: this.pageSize }),
    };
    return { [this.etype]: { ...this.form, $ } };
  }

  notify() {
    const head = [...(this.head?.rows ?? [])].reverse();
    const rows = [...head, ...this.pages.flatMap((page) => page.rows ?? [])];
    this.listener({ data: { [this.etype]: rows }, canLoadNextPage: this.canLoadNextPage() });
  }
}

/** @param {string} direction @param {any[] | null} after @returns {Window} */
function newWindow(direction, after) {
  const place = { direction, after, isInclusive: false, until: null };
  return { ...place, rows: null, info: null, subscription: null };
}

/** @param {Subscription | null} subscription */
function end(subscription) {
  if (!subscription) return;
  subscription.isOver = true;
  subscription.stop();
}
