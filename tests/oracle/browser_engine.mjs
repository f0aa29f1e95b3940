// The query engine of this project's browser client, alone; it is spoken to as
// `client_engine.mjs` is.

import { createInterface } from 'node:readline';
import { Attrs } from '../../clients/browser/store/attrs.js';
import { TripleStore } from '../../clients/browser/store/triple_store.js';
import { answerOver } from '../../clients/browser/instaql/query.js';

function evaluate(attrs, stores, { store, query, pageInfo, aggregate }) {
  try {
    const triples = Array.isArray(store) ? store : stores[store];
    return {
      data: answerOver(TripleStore.of(attrs, triples), query, { pageInfo, aggregate }).data,
    };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { attrs, stores, jobs } = JSON.parse(line);
  const catalog = new Attrs(attrs);
  const answers = jobs.map((job) => evaluate(catalog, stores ?? {}, job));
  process.stdout.write(JSON.stringify(answers) + '\n');
});
