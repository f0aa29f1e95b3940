// Random writes by a browser client against a real server: what it shows before the server has
// answered is what the server shows afterwards; a refused write leaves what was there before.
//
//   node optimistic.mjs <api> <app id> <seed> <writes> <folder with the package ws>
//
// The app has the schema of `test_optimistic.py`. Prints how often what was tried, as JSON; a
// difference ends it with status 1.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { init, lookup } from '../../clients/browser/instant.js';

const [api, appId, seedText, writesText, modules] = process.argv.slice(2);
const WebSocket = createRequire(`${modules}/`)('ws');
let state = (Number(seedText) % 2147483646) + 1;
const random = (below) => (state = (state * 48271) % 2147483647) % below;
const any = (list) => list[random(list.length)];

// Each query has a store of its own, which knows what the server sent for it. These know all there
// is of what they show, so that a guess must be right …
const GUESSED = {
  everything: {
    people: { posts: {}, boss: {}, reports: {} },
    posts: { author: { boss: {} }, tags: {} },
    tags: { posts: { author: {} } },
  },
  ordered: { people: { $: { order: { name: 'desc' } } } },
};
// … while these know only what matched so far: they must be right once the server has answered.
const QUERIES = {
  ...GUESSED,
  adults: {
    people: { $: { where: { or: [{ age: { $gt: 20 } }, { 'posts.title': { $like: '%a%' } }] } } },
  },
  lonely: { people: { $: { where: { posts: { $isNull: true } } } } },
  first: { posts: { $: { limit: 2 }, author: {} } },
};
const ETYPES = ['people', 'posts', 'tags'];
// No null inside an object: merged into nothing it is stored, merged once more it removes its key. An
// answer may be newer than its processed-tx-id says (realtime.md §5.6), and then a confirmed merge is
// applied to it once more.
const VALUES = {
  people: {
    name: ['Ann', 'bob', 'Çem', null],
    age: [10, 20, 30, null],
    email: ['a@x', 'b@x', 'c@x', null],
  },
  posts: { title: ['a', 'b', 'ab', ''], meta: [{ a: 1 }, { a: { b: 2 } }, { a: [], c: [1] }] },
  tags: { word: ['red', 'blue'] },
};
const LINKS = {
  people: { posts: 'posts', boss: 'people', reports: 'people' },
  posts: { author: 'people', tags: 'tags' },
  tags: { posts: 'posts' },
};

const uuid = (etype, number) =>
  `00000000-0000-4000-8000-${ETYPES.indexOf(etype)}${appId.slice(-9)}${number.toString(16).padStart(2, '0')}`;
const anId = (etype) => uuid(etype, random(5));
const open = (storageName) => init({ appId, apiURI: api, WebSocket, storageName });
const db = open('writer');
const auditor = open('auditor');

const shown = {};
for (const [name, query] of Object.entries(QUERIES)) {
  db.subscribeQuery(query, ({ data, error }) => (shown[name] = error ? String(error) : data));
}
const snapshot = () => JSON.parse(JSON.stringify(sorted(shown)));

/** Keys of objects in one order. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/**
 * A random chunk. A delete is alone: the client takes the steps of a transaction one after the other,
 * the server cascades from what was there before it. Only what is there is looked up, as a server
 * makes ids of its own for new entities that are looked up; and only what is there is linked: a link
 * to what does not exist is stored and not sent, so that no client can know of it when the other end
 * is made (instaql.md §3.2, R7).
 */
function change(there) {
  const etype = any(ETYPES);
  const label = any(Object.keys(LINKS[etype]));
  const target = any(there[LINKS[etype][label]]);
  const known = any(there[etype]);
  const isLink = random(8) > 4 && known && target;
  const id = isLink ? known : anId(etype);
  const email = any(there.emails);
  const isLookup = etype === 'people' && email && random(4) === 0;
  const chunk = db.tx[etype][isLookup ? lookup('email', email) : id];
  const values = valuesFor(etype, isLookup);
  if (isLink) {
    if (random(4) === 0) return ['unlink', chunk.unlink({ [label]: target })];
    if (random(3) === 0) return ['update and link', chunk.update(values).link({ [label]: target })];
    return ['link', chunk.link({ [label]: target })];
  }
  switch (there.isAlone ? random(5) : any([0, 1, 3, 4])) {
    case 0:
      return ['create', isLookup ? chunk.update(values) : chunk.create(values)];
    case 1:
      return ['merge', chunk.merge(etype === 'posts' ? { meta: any(VALUES.posts.meta) } : values)];
    case 2:
      return ['delete', chunk.delete()];
    default:
      return ['update', chunk.update(values, random(4) ? undefined : { upsert: false })];
  }
}

function valuesFor(etype, isLookup) {
  const values = {};
  for (const [label, pool] of Object.entries(VALUES[etype])) {
    if (random(2) && !(isLookup && label === 'email')) values[label] = any(pool);
  }
  return values;
}

async function audited() {
  const found = {};
  for (const [name, query] of Object.entries(QUERIES))
    found[name] = (await auditor.queryOnce(query)).data;
  return JSON.parse(JSON.stringify(sorted(found)));
}

async function until(holds, what) {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/**
 * Answers that are newer than they say keep confirmed changes pending; new ones are exact. A guess
 * is about what it adds to an exact answer.
 */
async function beginAfresh() {
  const { reactor } = db.client;
  if (reactor.pending.list.length) db.client.tell(() => reactor.reconnect());
  await until(() => reactor.isAuthenticated() && !reactor.pending.list.length, 'exact answers');
}

const counts = {};
const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);
await until(() => Object.keys(shown).length === Object.keys(QUERIES).length, 'the first answers');
await db.transact(db.tx.tags[uuid('tags', 0)].update({ word: 'red' })); // the line is certainly open

for (let number = 0; number < Number(writesText); number++) {
  await beginAfresh();
  const before = await audited();
  await until(
    () => JSON.stringify(snapshot()) === JSON.stringify(before),
    'the writer to be up to date',
  );
  const isAlone = random(3) === 0;
  const there = Object.fromEntries(
    ETYPES.map((one) => [one, before.everything[one].map(({ id }) => id)]),
  );
  there.isAlone = isAlone;
  there.emails = isAlone ? before.everything.people.map(({ email }) => email).filter(Boolean) : [];
  const changes = Array.from({ length: isAlone ? 1 : 1 + random(3) }, () => change(there));
  const said = changes.map(([what, { __ops: ops }]) => [what, JSON.stringify(ops)]);
  const answer = db.transact(changes.map(([, chunk]) => chunk)).then(
    () => null,
    (error) => error,
  );
  await db.client.ready;
  await Promise.resolve();
  const guess = snapshot();
  const refusal = await answer;
  const after = await audited();
  if (refusal) {
    assert.deepEqual(
      after,
      before,
      `refused (${refusal.message}), and yet something changed: ${said}`,
    );
  } else {
    for (const name of Object.keys(GUESSED)) {
      assert.deepEqual(guess[name], after[name], `${name} was wrong: ${JSON.stringify(said)}`);
    }
  }
  count(refusal ? 'refused' : 'accepted');
  if (JSON.stringify(before) !== JSON.stringify(after)) count('changed something');
  for (const [what] of changes) count(what);
}
process.stdout.write(JSON.stringify(counts));
await Promise.all([db.shutdown(), auditor.shutdown()]);
