import assert from 'node:assert/strict';
import test from 'node:test';
import { Pending } from '../reactor/pending.js';
import { world } from './world.js';

const rename = (eventId, order, name) => {
  return { eventId, order, created: order, steps: [['add-triple', 'ann', 'people.name', name]] };
};
const named = (pending, processed = 10) =>
  pending.over(world(), processed).triple('ann', 'people.name')[2];

function withTwo() {
  const pending = new Pending();
  pending.add(rename('b', 2, 'Second'));
  pending.add(rename('a', 1, 'First'));
  return pending;
}

test('changes apply in the order in which they were made', () => {
  assert.equal(named(withTwo()), 'Second');
});

test('what was applied to an answer is not applied to it again', () => {
  const [pending, store] = [withTwo(), world()];
  const once = pending.over(store, 10);
  assert.equal(pending.over(store, 10), once);
  pending.add(rename('c', 3, 'Third'));
  assert.equal(pending.over(store, 10).triple('ann', 'people.name')[2], 'Third');
  pending.remove('c');
  pending.remove('a');
  assert.equal(pending.over(store, 10).triple('ann', 'people.name')[2], 'Second');
  pending.remove('b');
  assert.equal(pending.over(store, 10), store);
});

test('a refused change is as if it had never been', () => {
  const pending = withTwo();
  pending.remove('b');
  assert.equal(named(pending), 'First');
});

const MOMENTS = [
  ['not confirmed', undefined, 99, 'First'],
  ['confirmed, and newer than the answer', 11, 10, 'First'],
  ['confirmed, and in the answer', 10, 10, 'Ann'],
];

for (const [name, txId, processed, expected] of MOMENTS) {
  test(`a change that is ${name} shows as ${expected}`, () => {
    const pending = new Pending();
    pending.add(rename('a', 1, 'First'));
    if (txId) pending.confirm('a', txId, 0);
    assert.equal(named(pending, processed), expected);
  });
}

test('a confirmed change may be applied to an answer that has it already', () => {
  const step = (value, ...mode) => ['add-triple', 'p9', 'posts.title', value, ...mode];
  const steps = [
    ['add-triple', 'p9', 'posts.id', 'p9'],
    step('first'),
    step('second', { mode: 'create' }),
  ];
  const pending = new Pending();
  pending.add({ eventId: 'e', order: 1, created: 1, steps });
  const title = (store) => pending.over(store, 10).triple('p9', 'posts.title')[2];
  assert.equal(title(world()), 'second');
  const newer = pending.over(world(), 10);
  pending.confirm('e', 11, 0);
  assert.equal(title(newer), 'second');
});

test('a confirmed update of what an answer does not show does not make it show', () => {
  const pending = new Pending();
  const steps = [['add-triple', 'zed', 'people.id', 'zed', { mode: 'update' }]];
  pending.add({ eventId: 'e', order: 1, created: 1, steps });
  pending.confirm('e', 11, 0);
  assert.equal(pending.over(world(), 10).triple('zed', 'people.id'), undefined);
});

test('a change is retired once every answer has it', () => {
  const pending = withTwo();
  pending.confirm('a', 11, 0);
  assert.deepEqual(pending.retire(10, 0, 0), []);
  assert.deepEqual(
    pending.retire(11, 0, 0).map(({ eventId }) => eventId),
    ['a'],
  );
  assert.deepEqual(
    pending.unanswered().map(({ eventId }) => eventId),
    ['b'],
  );
});

const SILENCES = [
  ['no answer came for half a minute', 30_000, 30_000, 1],
  ['the line was not open for that long', 29_999, 90_000, 0],
  ['the server took it only now', 90_000, 29_999, 0],
];

for (const [name, silence, age, count] of SILENCES) {
  test(`a confirmed change, where ${name}: ${count} given up`, () => {
    const pending = withTwo();
    pending.confirm('a', 50, 1000);
    assert.equal(pending.retire(10, silence, 1000 + age).length, count);
  });
}

test('the same change is added once', () => {
  const pending = withTwo();
  pending.add(rename('a', 9, 'Again'));
  assert.equal(pending.list.length, 2);
});
