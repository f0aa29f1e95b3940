// The query engine of the published @instantdb/core, alone: no socket, no reactor. One JSON job a
// line on stdin, one JSON answer a line on stdout. A job brings the attrs once and any number of
// evaluations over them: triples (or the name of ones sent before), a query and page info.
//
//   {"attrs": [...], "stores": {"all": [triples]}, "jobs": [{"store": "all", "query": {...},
//    "pageInfo": {...}, "aggregate": {...}}]}  →  [{"data": {...}} or {"error": "..."}]

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { dirname, join } from 'node:path';

process.env.TZ = 'UTC';
console.warn = () => {};
const dist = join(dirname(process.argv[1]), '../sdk/node_modules/@instantdb/core/dist/esm');
const from = (name) => import(pathToFileURL(join(dist, name)).href);
const { default: instaql } = await from('instaql.js');
const { AttrsStoreClass, createStore } = await from('store.js');

function evaluate(attrsStore, stores, { store, query, pageInfo, aggregate }) {
  try {
    const triples = Array.isArray(store) ? store : stores[store];
    const made = createStore(attrsStore, structuredClone(triples), false, false);
    return { data: instaql({ store: made, attrsStore, pageInfo, aggregate }, query).data };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { attrs, stores, jobs } = JSON.parse(line);
  const byId = Object.fromEntries(attrs.map((attr) => [attr.id, attr]));
  const attrsStore = new AttrsStoreClass(byId, null);
  const answers = jobs.map((job) => evaluate(attrsStore, stores ?? {}, job));
  process.stdout.write(JSON.stringify(answers) + '\n');
});
