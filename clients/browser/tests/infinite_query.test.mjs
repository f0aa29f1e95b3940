import assert from 'node:assert/strict';
import test from 'node:test';
import { InfiniteQuery } from '../infinite_query.js';

/** A server with numbers as rows: a row is its own cursor. */
class Numbers {
  constructor(rows) {
    this.rows = rows;
    this.live = new Set();
  }

  subscribe = (query, listener) => {
    const asked = { options: query.n.$, listener };
    this.live.add(asked);
    this.answer(asked);
    return () => this.live.delete(asked);
  };

  answer({ options, listener }) {
    const { after, before, afterInclusive, limit, order } = options;
    const sign = order.by === 'asc' ? 1 : -1;
    const matching = [...this.rows]
      .sort((a, b) => sign * (a - b))
      .filter((row) => {
        if (after && sign * (row - after[0]) < (afterInclusive ? 0 : 1)) return false;
        return !before || sign * (row - before[0]) <= 0;
      });
    const page = limit ? matching.slice(0, limit) : matching;
    const cursor = (row) => (row === undefined ? null : [row]);
    listener({
      data: { n: page.map((row) => ({ id: row })) },
      pageInfo: {
        n: {
          startCursor: cursor(page[0]),
          endCursor: cursor(page.at(-1)),
          hasNextPage: this.rows.some((row) => page.length && sign * (row - page.at(-1)) > 0),
        },
      },
    });
  }

  write(...rows) {
    this.rows.push(...rows);
    this.tell();
  }

  tell() {
    for (const asked of [...this.live]) this.answer(asked);
  }
}

function list(rows, direction = 'asc') {
  const server = new Numbers(rows);
  const told = [];
  const query = { n: { $: { limit: 3, order: { by: direction } } } };
  const infinite = new InfiniteQuery(server.subscribe, query, (state) => told.push(state));
  return {
    server,
    infinite,
    shown: () => told.at(-1).data.n.map((row) => row.id),
    more: () => told.at(-1).canLoadNextPage,
    told,
  };
}

test('pages are loaded one after the other', () => {
  const { infinite, shown, more } = list([1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([shown(), more()], [[1, 2, 3], true]);
  infinite.loadNextPage();
  assert.deepEqual([shown(), more()], [[1, 2, 3, 4, 5, 6], true]);
  infinite.loadNextPage();
  assert.deepEqual([shown(), more()], [[1, 2, 3, 4, 5, 6, 7], false]);
});

test('what comes in front shows in front', () => {
  const { server, infinite, shown } = list([10, 20, 30, 40]);
  server.write(5, 7);
  infinite.loadNextPage();
  assert.deepEqual(shown(), [5, 7, 10, 20, 30, 40]);
});

test('what comes in between shows in loaded pages', () => {
  const { server, infinite, shown } = list([10, 20, 30, 40, 50, 60, 70]);
  infinite.loadNextPage();
  server.write(25, 45);
  assert.deepEqual(shown(), [10, 20, 25, 30, 40, 45, 50]);
});

test('what goes leaves no gap for ever', () => {
  const { server, infinite, shown } = list([1, 2, 3, 4, 5, 6]);
  infinite.loadNextPage();
  server.rows = [1, 3, 5, 6];
  server.tell();
  assert.deepEqual(shown(), [1, 3, 5, 6]);
});

test('a list that fills up while it is watched', () => {
  const { server, shown, more } = list([], 'desc');
  assert.deepEqual([shown(), more()], [[], false]);
  for (const row of [1, 2, 3, 4, 5]) server.write(row);
  assert.deepEqual([shown(), more()], [[5, 4, 3, 2, 1], false]);
});

test('it ends when nobody wants it', () => {
  const { server, infinite, told } = list([1, 2, 3, 4]);
  infinite.unsubscribe();
  const before = told.length;
  server.write(0);
  assert.deepEqual([server.live.size, told.length], [0, before]);
});

test('rows that only this client has are nothing to hold on to', () => {
  const { server, shown } = list([1, 2], 'desc');
  const [asked] = server.live;
  asked.listener({
    data: { n: [{ id: 9 }, { id: 2 }, { id: 1 }] },
    pageInfo: { n: { startCursor: [2], endCursor: [1], hasNextPage: false } },
  });
  assert.deepEqual([shown(), server.live.size], [[9, 2, 1], 1]);
});

test('it is about one namespace', () => {
  assert.throws(
    () =>
      new InfiniteQuery(
        () => () => {},
        { a: {}, b: {} },
        () => {},
      ),
    /one namespace/,
  );
});
