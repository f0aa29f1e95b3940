// Random writes by a browser client against a real server: what it shows before the server has
// answered is what the server shows afterwards; a refused write leaves what was there before.
//
//   node optimistic.mjs <api> <app id> <seed> <rounds> <folder with the package ws>
//
// A round is a burst of transactions, made online, offline, while the line is replaced, or while
// somebody else writes. The app has the schema of `test_optimistic.py`. Prints how often what was
// tried, as JSON; a difference ends it with status 1.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { init } from '../../clients/browser/instant.js';
import { Changes, leftovers } from './optimistic_changes.mjs';

const [api, appId, seedText, roundsText, modules] = process.argv.slice(2);
const WebSocket = createRequire(`${modules}/`)('ws');
let state = (Number(seedText) % 2147483646) + 1;
const random = (below) => (state = (state * 48271) % 2147483647) % below;
const changes = new Changes(random, appId);

// Each query has a store of its own, which knows what the server sent for it. These know all there
// is of what they show, so that a guess must be right …
const GUESSED = {
  everything: {
    people: { posts: {}, boss: {}, reports: {} },
    posts: { author: { boss: {} }, tags: {}, parts: {}, whole: {} },
    tags: { posts: { author: {} }, parent: {}, children: {} },
  },
  ordered: { people: { $: { order: { name: 'desc' } } } },
};
// … while these know only what matched so far. They must be right once the server has answered, and
// where it finds nothing to answer, once the client has given the guess up.
const QUERIES = {
  ...GUESSED,
  adults: {
    people: { $: { where: { or: [{ age: { $gt: 20 } }, { 'posts.title': { $like: '%a%' } }] } } },
  },
  lonely: { people: { $: { where: { posts: { $isNull: true } } } } },
  first: { posts: { $: { limit: 2 }, author: {} } },
};
const SILENCE_MS = 30_000; // after which a guess is given up

/** The clock of the clients, which can be put forward. */
const realNow = Date.now;
let ahead = 0;
Date.now = () => realNow() + ahead;

/** The writer's network, with a switch. */
const network = {
  told: () => {},
  isOn: true,
  isOnline: () => network.isOn,
  listen: (told) => {
    network.told = told;
    return () => {};
  },
  turn: (isOn) => network.told((network.isOn = isOn)),
};
const open = (storageName, more) => init({ appId, apiURI: api, WebSocket, storageName, ...more });
const db = open('writer', { network });
const auditor = open('auditor');
const { reactor } = db.client;

/** What happens to the writer's line after a burst. */
const WAYS = {
  online: () => {},
  offline: () => network.turn(true),
  'on a new line': () => db.client.tell(() => reactor.reconnect()),
  'with others': () => {},
};

const shown = {};
let told = []; // since the last guess, while nothing waited for the server: query and what it showed
for (const [name, query] of Object.entries(QUERIES)) {
  db.subscribeQuery(query, ({ data, error }) => {
    shown[name] = error ? String(error) : plain(data);
    if (db.pendingCount === 0) told.push([name, shown[name]]);
  });
}
const refusals = [];
db.subscribeRefusals((error) => refusals.push(error.message));
const counts = {};
const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);

await until(
  () => Object.keys(shown).length === Object.keys(QUERIES).length,
  () => 'the first answers',
);
for (let number = 0; number < Number(roundsText); number++) await round();
process.stdout.write(JSON.stringify(counts));
await Promise.all([db.shutdown(), auditor.shutdown()]);

async function round() {
  const before = { ...shown };
  const way = Object.keys(WAYS)[Math.max(0, random(7) - 3)];
  refusals.length = 0;
  if (way === 'offline') network.turn(false);
  const others = way === 'with others' ? changes.transaction(shown.everything) : [];
  const theirs = others.length && written(auditor, others).catch(() => {});
  const made = await burst();
  const guess = { ...shown };
  told = [];
  WAYS[way]();
  await theirs;
  const said = JSON.stringify([way, ...made, others]);
  const after = await settled(said);
  if (!theirs) check(before, guess, after, made, said);
  for (const { what } of made.flat()) count(what);
  made.forEach((_, at) => count(at < refusals.length ? 'refused' : 'accepted'));
  count(way);
  if (!isDeepStrictEqual(before, after)) count('changed something');
  const left = leftovers([...made.flat(), ...others], after.everything);
  if (left.length) await written(db, left.map((chunk) => ({ chunk }))).then(() => settled(`cleaning up after ${said}`));
}

/** Up to three transactions, each made from what the writer shows by then. */
async function burst() {
  const made = [];
  for (let left = random(3) ? 1 : 3; left; left--) {
    const transaction = changes.transaction(shown.everything);
    made.push(transaction);
    written(db, transaction).catch(() => {}); // what is refused is among the refusals
    await new Promise((resolve) => setImmediate(resolve));
  }
  return made;
}

function written(by, transaction) {
  return by.transact(transaction.map(({ chunk }) => chunk));
}

function check(before, guess, after, made, said) {
  if (refusals.length === made.length) {
    assert.deepEqual(after, before, `all refused, and yet something changed: ${said}`);
  }
  if (refusals.length) return;
  const order = made.length > 1 ? unordered : (value) => value;
  for (const name of Object.keys(GUESSED)) {
    assert.deepEqual(order(guess[name]), order(after[name]), `${name} was wrong: ${said}`);
  }
  if (made.length > 1) return; // one may link to what the next one makes, of which nothing is sent
  for (const [name, value] of told.filter(([one]) => GUESSED[one])) {
    assert.deepEqual(value, after[name], `${name} was right, then wrong, then right: ${said}`);
  }
}

/** Everything is answered, and the writer shows what the server shows. */
async function settled(said) {
  await until(
    () => reactor.isAuthenticated() && db.pendingCount === 0,
    () => `the server's answers to ${said}`,
  );
  const after = {};
  for (const [name, query] of Object.entries(QUERIES)) {
    after[name] = plain((await auditor.queryOnce(query)).data);
  }
  await shows(after, Object.keys(GUESSED), said);
  if (!isDeepStrictEqual(shown, after)) {
    count('after silence');
    told = [];
    ahead += SILENCE_MS;
    db.client.tell(() => reactor.deadlines.pass(Date.now()));
    await shows(after, Object.keys(QUERIES), said);
  }
  return after;
}

function shows(after, names, said) {
  const wrong = () => names.filter((name) => !isDeepStrictEqual(shown[name], after[name]));
  return until(
    () => wrong().length === 0,
    () => {
      const [found, right] = [shown, after].map((all) => JSON.stringify(all[wrong()[0]]));
      return `${wrong()} to be right after ${said}\nfound ${found}\nright ${right}\n${circumstances()}`;
    },
  );
}

/** What the writer lays over which answers. */
function circumstances() {
  const answers = [...reactor.queries.byKey.values()].map(({ query, result }) => [query, result]);
  return JSON.stringify({ pending: reactor.pending.list, answers });
}

async function until(holds, what) {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited too long for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A value as JSON has it. */
function plain(value) {
  return JSON.parse(JSON.stringify(value));
}

/** Lists in one order: which of two new entities came first is for the server to say. */
function unordered(value) {
  if (Array.isArray(value)) {
    return value.map(unordered).sort((left, right) => (left.id < right.id ? -1 : 1));
  }
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unordered(one)]));
}
