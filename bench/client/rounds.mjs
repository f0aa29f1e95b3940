// One optimistic toggle over many todos, and the query again: the published core's engine and the
// browser client's, in alternating rounds in one process. Prints one JSON object: series of
// milliseconds by name.
//
//   node rounds.mjs <todos> <rounds> <folder of @instantdb/core>

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerOver } from '../../clients/browser/instaql/query.js';
import { applied } from '../../clients/browser/store/apply.js';
import { Attrs } from '../../clients/browser/store/attrs.js';
import { TripleStore } from '../../clients/browser/store/triple_store.js';

const [todos, rounds] = process.argv.slice(2, 4).map(Number);
const published = (name) => import(pathToFileURL(join(process.argv[4], 'dist/esm', name)).href);
const { default: instaql } = await published('instaql.js');
const { AttrsStoreClass, createStore, transact } = await published('store.js');
const WARM_UP = 10;

const uuid = (number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const LABELS = ['id', 'text', 'done'];
const attrs = LABELS.map((label, at) => ({
  id: uuid(at),
  'forward-identity': [uuid(100 + at), 'todos', label],
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': label === 'id',
  'index?': false,
}));

const triples = [];
for (let number = 0; number < todos; number++) {
  const entity = uuid(1000 + number);
  const values = [entity, `todo ${number}`, number % 2 === 0];
  values.forEach((value, at) =>
    triples.push([entity, uuid(at), value, 1_700_000_000_000 + number]),
  );
}

const coreAttrs = () =>
  new AttrsStoreClass(Object.fromEntries(attrs.map((one) => [one.id, one])), null);
const ENGINES = {
  core: {
    build: () => ({
      attrsStore: coreAttrs(),
      store: createStore(coreAttrs(), structuredClone(triples), false, false),
    }),
    show: ({ store, attrsStore }, steps, query) => {
      const after = transact(store, attrsStore, steps);
      return instaql({ store: after.store, attrsStore: after.attrsStore }, query).data.todos;
    },
  },
  ours: {
    build: () => TripleStore.of(new Attrs(attrs), structuredClone(triples)),
    show: (store, steps, query) => answerOver(applied(store, steps, 1e14), query).data.todos,
  },
};

const QUERIES = {
  all: { todos: {} },
  open: { todos: { $: { where: { done: false } } } },
  'first 20': { todos: { $: { limit: 20, order: { serverCreatedAt: 'desc' } } } },
};

function toggle(round) {
  const entity = uuid(1000 + ((round * 7919) % todos));
  const mode = { mode: 'update' };
  return [
    ['add-triple', entity, uuid(0), entity, mode],
    ['add-triple', entity, uuid(2), round % 2 === 0, mode],
  ];
}

const series = {};
const built = {};
for (let round = -WARM_UP; round < rounds; round++) {
  const names = round % 2 ? ['core', 'ours'] : ['ours', 'core'];
  const shown = {};
  for (const name of names) {
    if (round % 10 === 0 || !built[name]) {
      const started = performance.now();
      built[name] = ENGINES[name].build();
      note(`build ${name}`, performance.now() - started, round);
    }
    for (const [label, query] of Object.entries(QUERIES)) {
      const started = performance.now();
      const rows = ENGINES[name].show(built[name], toggle(Math.abs(round)), query);
      note(`${label} ${name}`, performance.now() - started, round);
      shown[label] = [...(shown[label] ?? []), rows];
    }
  }
  for (const [label, [left, right]] of Object.entries(shown)) {
    if (left.length !== right.length || left[3]?.id !== right[3]?.id)
      throw new Error(`${label} differs`);
  }
}

function note(name, milliseconds, round) {
  if (round >= 0) (series[name] ??= []).push(milliseconds);
}

process.stdout.write(JSON.stringify(series));
