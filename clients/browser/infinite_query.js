// A list without an end, live at every page: windows of cursors, each a live query of its own.
//
//   ◀── head ──┤ page │ page │ last page ──▶
//
// Loaded pages are frozen between two cursors; the last one has a limit and goes on from where the
// one before it ends. The head looks the other way from the very first row, and shows what came in
// front of it since. Until there is a first row to hold on to, there is only one open page.

/**
 * @typedef {import('./instaql/plan.js').Form} Form
 * @typedef {(query: any, listener: (state: any) => void) => () => void} SubscribeQuery
 * @typedef {{
 *   after: any[] | null, isInclusive: boolean, until: any[] | null,
 *   rows: any[] | null, info: any, stop: () => void,
 * }} Window
 */

const PAGE_SIZE = 10;

export class InfiniteQuery {
  /**
   * @param {SubscribeQuery} subscribe
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
    this.order = Object.entries(form.$?.order ?? { serverCreatedAt: 'asc' })[0];
    /** @type {Window[]} */
    this.pages = [];
    /** @type {Window | null} */
    this.head = null;
    this.isActive = true;
    this.pages.push(this.openPage(null, false));
  }

  /** Show one page more. */
  loadNextPage = () => {
    const last = this.pages[this.pages.length - 1];
    const end = last?.info?.endCursor;
    if (!end || !this.canLoadNextPage()) return;
    this.replacePage(this.pages.length - 1, { until: end });
    this.pages.push(this.openPage(end, false));
  };

  unsubscribe = () => {
    this.isActive = false;
    for (const { stop } of [...this.pages, this.head ?? { stop() {} }]) stop();
  };

  canLoadNextPage() {
    return Boolean(this.pages[this.pages.length - 1]?.info?.hasNextPage);
  }

  /** @param {any[] | null} after @param {boolean} isInclusive @returns {Window} */
  openPage(after, isInclusive) {
    return this.window({ after, isInclusive, until: null }, this.order[1], (page) =>
      this.pageShown(page),
    );
  }

  /** @param {Window} page */
  pageShown(page) {
    const start = page.info?.startCursor;
    if (this.head || !start) return;
    this.head = this.window(
      { after: start, isInclusive: false, until: null },
      reverse(this.order[1]),
    );
    if (!page.after)
      this.replacePage(this.pages.indexOf(page), { after: start, isInclusive: true });
  }

  /** @param {number} at @param {Partial<Window>} change of where the page begins or ends */
  replacePage(at, change) {
    const { after, isInclusive, until, rows, info, stop } = this.pages[at];
    const page = this.window(
      { after, isInclusive, until, ...change },
      this.order[1],
      undefined,
      rows,
    );
    page.info ??= info;
    this.pages[at] = page;
    stop();
  }

  /**
   * @param {{after: any[] | null, isInclusive: boolean, until: any[] | null}} place
   * @param {string} direction
   * @param {(window: Window) => void} [shown]
   * @param {any[] | null} [rows] to show until there is an answer
   * @returns {Window}
   */
  window(place, direction, shown = () => {}, rows = null) {
    /** @type {Window} */
    const window = { ...place, rows, info: null, stop: () => {} };
    window.stop = this.subscribe(this.queryFor(place, direction), ({ data, pageInfo, error }) => {
      if (!this.isActive) return;
      if (error) return this.listener({ error, data: undefined, canLoadNextPage: false });
      Object.assign(window, { rows: data[this.etype], info: pageInfo?.[this.etype] });
      shown(window);
      this.notify();
    });
    return window;
  }

  /** @param {{after: any[] | null, isInclusive: boolean, until: any[] | null}} place
   * @param {string} direction */
  queryFor({ after, isInclusive, until }, direction) {
    const { where, fields, limit } = this.form.$ ?? {};
    const isHead = direction !== this.order[1];
    const $ = {
      ...(where && { where }),
      ...(fields && { fields }),
      order: { [this.order[0]]: direction },
      ...(after && { after }),
      ...(isInclusive && { afterInclusive: true }),
      ...(until && { before: until, beforeInclusive: true }),
      ...(!until && !isHead && { limit: limit ?? PAGE_SIZE }),
    };
    return { [this.etype]: { ...this.form, $ } };
  }

  notify() {
    const known = this.pages.filter(({ rows }) => rows);
    if (!known.length) return;
    const head = [...(this.head?.rows ?? [])].reverse();
    const rows = [...head, ...known.flatMap(({ rows: some }) => some ?? [])];
    this.listener({ data: { [this.etype]: rows }, canLoadNextPage: this.canLoadNextPage() });
  }
}

/** @param {string} direction */
function reverse(direction) {
  return direction === 'asc' ? 'desc' : 'asc';
}
