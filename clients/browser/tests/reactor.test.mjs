import assert from 'node:assert/strict';
import test from 'node:test';
import { answer, Harness, refresh, testId } from './harness.js';
import { attrs, entity, property } from './world.js';

const POSTS = { posts: {} };
const list = attrs.toJSON();
const one = entity('posts', 'p1', 1, { title: 'One' });
const named = (title) => [{ id: 'p1', title }];
const write = (title) => ['transact', title, [['posts', 'p1', ['update', { title }]]]];

function watching() {
  const harness = new Harness().online(list);
  harness.act(['subscribe', 'posts', POSTS]);
  harness.sent();
  harness.reactor.received(answer(POSTS, one, 10));
  harness.take();
  return harness;
}

const last = (harness, label = 'posts') =>
  harness.shown[label].at(-1)?.posts ?? harness.shown[label].at(-1);

test('the first word is init, and after init-ok everything is said in order', () => {
  const harness = new Harness();
  harness.act(['start', { user: { id: 'u', refresh_token: 'secret' }, attrs: list }]);
  harness.act(['subscribe', 'posts', POSTS]);
  harness.act(write('Two'));
  harness.act(['join', 'r1', { name: 'me' }]);
  assert.deepEqual(harness.ops(), []);
  harness.act(['opened']);
  const [init] = harness.sent();
  assert.deepEqual([init.op, init['refresh-token'], init['app-id']], ['init', 'secret', testId(0)]);
  harness.reactor.received({ op: 'init-ok', 'session-id': 's', attrs: list });
  assert.deepEqual(harness.ops(), ['add-query', 'transact', 'join-room']);
});

test('a change shows at once and stays when it is confirmed', () => {
  const harness = watching();
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  assert.deepEqual(last(harness), named('Two'));
  harness.reactor.received({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 11 });
  harness.reactor.received(refresh(POSTS, entity('posts', 'p1', 1, { title: 'Two' }), 11));
  harness.take();
  assert.equal(harness.settled.Two.status, 'synced');
  assert.deepEqual(
    harness.shown.posts.map(({ posts }) => posts[0].title),
    ['One', 'Two'],
  );
  assert.equal(harness.reactor.pending.list.length, 0);
});

test('an older answer does not undo a confirmed change', () => {
  const harness = watching();
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  harness.reactor.received({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 12 });
  harness.reactor.received(refresh(POSTS, one, 11));
  harness.take();
  assert.deepEqual(last(harness), named('Two'));
});

test('an answer that came before the confirmation shows as it is once that comes', () => {
  const harness = watching();
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  harness.reactor.received(refresh(POSTS, one, 12)); // somebody took it back at once
  harness.take();
  assert.deepEqual(last(harness), named('Two'));
  harness.reactor.received({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 11 });
  harness.take();
  assert.deepEqual(last(harness), named('One'));
});

/** A change of what the query does not show, as the server finds, that shows here nevertheless. */
function guessingWrong() {
  const harness = watching();
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  harness.reactor.received({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 11 });
  harness.take();
  return harness;
}

function pass(harness, ms) {
  harness.time += ms;
  harness.reactor.deadlines.pass(harness.time);
  harness.take();
}

test('a guess about which the server is silent is given up after half a minute', () => {
  const harness = guessingWrong();
  pass(harness, 29_999);
  assert.deepEqual(last(harness), named('Two'));
  pass(harness, 1);
  assert.deepEqual(last(harness), named('One'));
  assert.equal(harness.reactor.deadlines.next(), Infinity);
});

test('offline the server is not silent: what it took stays', () => {
  const harness = guessingWrong();
  harness.act(['lost']);
  pass(harness, 3_600_000);
  assert.deepEqual(last(harness), named('Two'));
  harness.act(['opened']);
  harness.reactor.received({ op: 'init-ok', 'session-id': 's2', attrs: list });
  pass(harness, 29_999);
  assert.deepEqual(last(harness), named('Two'));
});

test('a refused change goes, with its error', () => {
  const harness = watching();
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  const refusals = [];
  harness.reactor.writes.errorListeners.add((error) => refusals.push(error.type));
  harness.reactor.received({
    op: 'error',
    type: 'permission-denied',
    message: 'No.',
    'client-event-id': eventId,
  });
  harness.take();
  assert.deepEqual(last(harness), named('One'));
  assert.deepEqual([harness.settled.Two, refusals], ['No.', ['permission-denied']]);
});

test('what was not answered is sent again under its id', () => {
  const harness = watching();
  harness.act(write('Two'));
  const [before] = harness.sent();
  harness.act(['lost']);
  harness.act(['opened']);
  harness.reactor.received({ op: 'init-ok', 'session-id': 's2', attrs: list });
  const again = harness.sent().filter(({ op }) => op === 'transact');
  assert.deepEqual(again, [before]);
});

test('a change that is not answered in time is sent again on a new line', () => {
  const harness = watching();
  harness.act(write('Two'));
  harness.take();
  harness.time += 6001;
  harness.reactor.deadlines.pass(harness.time);
  assert.deepEqual(
    harness.take().map((effect) => effect.do),
    ['disconnect', 'connect'],
  );
  assert.equal(harness.reactor.pending.list.length, 1);
});

test('a server that does not answer is given longer each time, until it does', () => {
  const harness = watching();
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  const patience = () => harness.reactor.deadlines.next() - harness.time;
  const seen = [patience()];
  for (let line = 0; line < 6; line++) {
    pass(harness, patience());
    harness.act(['opened']);
    harness.reactor.received({ op: 'init-ok', 'session-id': 's', attrs: list });
    seen.push(patience());
  }
  assert.deepEqual(
    seen.map((ms) => ms / 6000),
    [1, 2, 4, 8, 16, 16, 16],
  );
  harness.reactor.received({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 11 });
  harness.act(write('Three'));
  assert.equal(harness.reactor.deadlines.next() - harness.time, 6000);
});

test('what shows at once is what travels', () => {
  const harness = watching();
  const values = { title: new Date(0), meta: { gone: undefined, list: [undefined] } };
  harness.act(['transact', 'now', [['posts', 'p1', ['update', values]]]]);
  harness.take();
  const shown = { id: 'p1', title: '1970-01-01T00:00:00.000Z', meta: { list: [null] } };
  assert.deepEqual(last(harness), [shown]);
});

test('offline, changes wait, and answers of an earlier visit show', () => {
  const harness = new Harness({ isOnline: false });
  harness.act(['subscribe', 'posts', POSTS]);
  harness.reactor.start({
    attrs: list,
    pending: [
      { eventId: 'e', order: 1, created: 1, steps: [['add-triple', 'p1', 'posts.title', 'Mine']] },
    ],
  });
  harness.take();
  harness.reactor.queries.restored('{"posts":{}}', { triples: one, processedTxId: 5 });
  harness.act(write('More'));
  harness.take();
  assert.deepEqual(
    harness.shown.posts.map(({ posts }) => posts[0].title),
    ['Mine', 'More'],
  );
  assert.equal(harness.settled.More.status, 'enqueued');
  assert.equal(harness.reactor.status, 'closed');
  harness.reactor.networkIs(true);
  assert.deepEqual(harness.take().at(-1), { do: 'connect', afterMs: 0 });
});

test('a stored answer does not take the place of a new one', () => {
  const harness = watching();
  harness.reactor.queries.restored('{"posts":{}}', { triples: [], processedTxId: 5 });
  harness.take();
  assert.deepEqual(last(harness), named('One'));
});

test('listeners know what is of an earlier visit, and when the server has said the same', () => {
  const harness = new Harness();
  harness.act(['start', { attrs: list }]);
  const told = [];
  harness.reactor.queries.subscribe(POSTS, ({ data, isStored }) => told.push([data, isStored]));
  harness.reactor.queries.restored('{"posts":{}}', { triples: one, processedTxId: 5 });
  harness.take();
  harness.reactor.received(answer(POSTS, one, 10));
  harness.take();
  assert.deepEqual(
    told.map(([, isStored]) => isStored),
    [true, undefined],
  );
  assert.equal(told[0][0], told[1][0]);
});

test('delays grow by a second to ten, and begin anew after init-ok', () => {
  const harness = new Harness();
  harness.reactor.start({});
  const delays = [];
  for (let attempt = 0; attempt < 13; attempt++) {
    harness.reactor.connecting();
    harness.reactor.lost();
    delays.push(harness.take().findLast((effect) => effect.do === 'connect').afterMs);
  }
  assert.deepEqual(delays.slice(0, 3), [0, 1000, 2000]);
  assert.equal(delays.at(-1), 10_000);
  harness.online(list);
  harness.reactor.lost();
  assert.equal(harness.take().at(-1).afterMs, 0);
});

test('an unknown user is signed out, and the next init has no token', () => {
  const harness = new Harness();
  harness.act(['start', { user: { id: 'u', refresh_token: 'old' } }]);
  harness.act(['opened']);
  harness.take();
  harness.reactor.received({
    op: 'error',
    type: 'record-not-found',
    hint: { 'record-type': 'app-user' },
    'original-event': { op: 'init' },
  });
  assert.ok(harness.take().some((effect) => effect.do === 'forget-all'));
  harness.act(['opened']);
  assert.equal(harness.sent()[0]['refresh-token'], undefined);
});

test('another refusal of init is a state, and nothing is sent', () => {
  const harness = new Harness();
  harness.act(['opened']);
  harness.reactor.received({
    op: 'error',
    type: 'record-not-found',
    'original-event': { op: 'init' },
  });
  harness.take();
  harness.act(['subscribe', 'posts', POSTS]);
  assert.deepEqual([harness.reactor.status, harness.ops()], ['errored', []]);
});

test('another user sees nothing of the one before', () => {
  const harness = watching();
  harness.act(['lost']);
  harness.act(write('Mine'));
  harness.take();
  harness.reactor.setUser({ id: 'other', refresh_token: 't' });
  harness.take();
  assert.equal(harness.reactor.pending.list.length, 0);
  assert.equal(harness.reactor.queries.find(POSTS).result, null);
});

test('what another tab has stored for the user stays where it is', () => {
  const harness = watching();
  harness.reactor.setUser({ id: 'other', refresh_token: 't' }, true);
  assert.deepEqual(
    harness.take().map((effect) => effect.do),
    ['disconnect', 'connect'],
  );
});

test('a question asked once is answered by the server alone', () => {
  const harness = watching();
  harness.act(['once', 'now', POSTS]);
  assert.deepEqual(harness.ops(), ['add-query']);
  harness.reactor.received({ op: 'add-query-exists', q: POSTS });
  harness.take();
  assert.deepEqual(harness.settled.now.data.posts, named('One'));
});

test('a question asked once is not asked for ever', () => {
  const harness = new Harness().online(list);
  harness.act(['once', 'late', POSTS]);
  harness.take();
  harness.time += 30_000;
  harness.reactor.deadlines.pass(harness.time);
  assert.deepEqual(harness.ops(), ['remove-query']);
  assert.match(harness.settled.late, /too long/);
});

test('the last listener takes the query along', () => {
  const harness = watching();
  harness.act(['subscribe', 'again', { posts: {} }]);
  harness.act(['unsubscribe', 'posts']);
  assert.deepEqual(harness.ops(), ['add-query']);
  harness.act(['unsubscribe', 'again']);
  assert.deepEqual(harness.ops(), ['remove-query']);
});

test('a refused query tells its listeners, and may recover', () => {
  const harness = watching();
  const event = { op: 'add-query', q: POSTS };
  harness.reactor.received({ op: 'error', message: 'Bad.', 'original-event': event });
  harness.reactor.received(refresh(POSTS, one, 12));
  harness.take();
  assert.deepEqual(
    harness.shown.posts.slice(1).map((shown) => shown.posts ?? shown),
    ['Bad.', named('One')],
  );
});

test('an answer before its attrs shows once they come', () => {
  const harness = new Harness().online([]);
  harness.act(['subscribe', 'posts', POSTS]);
  harness.reactor.received(answer(POSTS, one, 10));
  harness.reactor.received(refresh(null, [], 11, list));
  harness.take();
  assert.deepEqual(last(harness), named('One'));
});

test('attrs that a confirmed change made are known from then on', () => {
  const harness = new Harness().online([property('posts', 'id')]);
  harness.act(write('Two'));
  const [{ 'client-event-id': eventId }] = harness.sent();
  harness.reactor.received({ op: 'transact-ok', 'client-event-id': eventId, 'tx-id': 2 });
  harness.act(write('Three'));
  const [{ 'tx-steps': steps }] = harness.sent();
  assert.ok(steps.every(([action]) => action !== 'add-attr'));
});

test('an app that is not active refuses writes here', () => {
  const harness = watching();
  harness.reactor.received({ op: 'app-status-changed', status: 'read-only' });
  harness.act(write('Two'));
  assert.deepEqual([harness.ops(), harness.settled.Two], [[], 'This app is read-only.']);
});

test('an app that is disabled shows errors until it is not', () => {
  const harness = watching();
  harness.reactor.received({ op: 'app-status-changed', status: 'disabled' });
  harness.take();
  assert.match(last(harness), /disabled/);
  harness.reactor.received({ op: 'app-status-changed', status: 'active' });
  assert.deepEqual(
    harness.take().map((effect) => effect.do),
    ['disconnect', 'connect'],
  );
});

test('a frame may hold several messages', () => {
  const harness = watching();
  harness.reactor.received([refresh(POSTS, [], 11), refresh(POSTS, one, 12)]);
  harness.take();
  assert.deepEqual(last(harness), named('One'));
});

test('an answer that shows nothing new is not told', () => {
  const harness = watching();
  harness.reactor.received(refresh(POSTS, one, 12));
  harness.take();
  assert.equal(harness.shown.posts.length, 1);
});

test('rooms: presence, topics, and what was said before the room was there', () => {
  const harness = new Harness().online(list);
  harness.act(['join', 'r1', { name: 'me' }]);
  harness.act(['say', 'r1', 'early']);
  assert.deepEqual(harness.ops(), ['join-room']);
  harness.reactor.received({ op: 'join-room-ok', 'room-id': 'r1' });
  assert.deepEqual(harness.ops(), ['set-presence', 'client-broadcast']);
  harness.reactor.received({
    op: 'refresh-presence',
    'room-id': 'r1',
    data: { me: { data: {} }, you: { data: { n: 1 } } },
  });
  harness.reactor.received({
    op: 'server-broadcast',
    'room-id': 'r1',
    topic: 'said',
    data: { 'peer-id': 'you', data: 'hi' },
  });
  harness.reactor.received({ op: 'patch-presence', 'room-id': 'r1', edits: [[['you'], '-']] });
  harness.take();
  assert.deepEqual(harness.shown.r1, [
    {},
    {},
    { you: { n: 1, peerId: 'you' } },
    ['hi', { n: 1, peerId: 'you' }],
    {},
  ]);
});

test('rooms: a room is left when nobody holds it, and joined again after a reconnect', () => {
  const harness = new Harness().online(list);
  harness.act(['join', 'r1', { name: 'me' }]);
  harness.act(['lost']);
  harness.act(['opened']);
  harness.take();
  harness.reactor.received({ op: 'init-ok', 'session-id': 'me2', attrs: list });
  const joins = harness.sent().filter(({ op }) => op === 'join-room');
  assert.deepEqual(
    joins.map(({ data }) => data),
    [{ name: 'me' }],
  );
  harness.act(['leave', 'r1']);
  assert.deepEqual(harness.ops(), ['leave-room']);
  harness.reactor.received({ op: 'join-room-ok', 'room-id': 'r1' });
  assert.deepEqual(harness.ops(), ['leave-room']);
});

test('rooms: who joins with a presence is seen with it, unless there is one already', () => {
  const harness = new Harness().online(list);
  harness.act(['join', 'r1']);
  harness.reactor.received({ op: 'join-room-ok', 'room-id': 'r1' });
  harness.take();
  harness.act(['join', 'r1', { name: 'me' }]);
  assert.deepEqual(
    harness.sent().map(({ op, data }) => [op, data]),
    [['set-presence', { name: 'me' }]],
  );
  harness.act(['join', 'r1', { name: 'again' }]);
  assert.deepEqual(harness.ops(), []);
  assert.deepEqual(harness.rooms.r1.presence, { name: 'me' });
});

test('rooms: nothing is said to a room that was left', () => {
  const harness = new Harness().online(list);
  harness.act(['join', 'r1']);
  harness.reactor.received({ op: 'join-room-ok', 'room-id': 'r1' });
  harness.act(['leave', 'r1']);
  harness.take();
  harness.act(['presence', 'r1', { typing: true }]);
  harness.act(['say', 'r1', 'late']);
  assert.deepEqual(harness.ops(), []);
  assert.deepEqual(harness.rooms.r1.unsent, []);
});

test('rooms: of what is said without a line the newest hundred are kept', () => {
  const harness = new Harness({ isOnline: false });
  harness.act(['join', 'r1']);
  for (let word = 0; word < 150; word++) harness.act(['say', 'r1', word]);
  const { unsent } = harness.rooms.r1;
  assert.deepEqual([unsent.length, unsent[0].data, unsent[99].data], [100, 50, 149]);
});
