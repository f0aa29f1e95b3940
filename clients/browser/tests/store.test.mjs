import assert from 'node:assert/strict';
import test from 'node:test';
import { applied, exists, isShown } from '../store/apply.js';
import { TripleStore, triplesOf } from '../store/triple_store.js';
import { attrs, link, triples, world } from './world.js';

/** The triples of each index, which must be the same ones. */
function ofIndexes(store) {
  const found = { eav: [], aev: [], vae: [] };
  store.eav.forEach((entity) => entity.forEach((leaf) => found.eav.push(...triplesOf(leaf))));
  store.aev.forEach((attr) => attr.forEach((leaf) => found.aev.push(...triplesOf(leaf))));
  store.vae.forEach((target) => target.forEach((leaf) => found.vae.push(...triplesOf(leaf))));
  return Object.fromEntries(
    Object.entries(found).map(([name, list]) => [name, list.map(String).sort()]),
  );
}

function assertIndexesAgree(store) {
  const { eav, aev, vae } = ofIndexes(store);
  const links = eav.filter((text) => attrs.get(text.split(',')[1])['value-type'] === 'ref');
  assert.deepEqual(aev, eav);
  assert.deepEqual(vae, links);
}

const add = (entity, attr, value, mode) => {
  return ['add-triple', entity, attr, value, ...(mode ? [{ mode }] : [])];
};

test('three indexes hold the same triples', () => {
  assertIndexesAgree(world());
  assert.equal(ofIndexes(world()).eav.length, triples.length);
});

test('triples of unknown attrs are left out', () => {
  assert.deepEqual(
    applied(world(), [add('ann', 'nowhere', 1)], 9).triples().length,
    triples.length,
  );
});

const CHANGES = {
  'a new value takes the place of the old one': [
    [add('ann', 'people.name', 'Anna')],
    'ann',
    'people.name',
    ['Anna'],
  ],
  'a link of one moves': [[add('p1', 'posts.author', 'bob')], 'p1', 'posts.author', ['bob']],
  'a link of many is added': [[add('p3', 'posts.tags', 'red')], 'p3', 'posts.tags', ['red']],
  'a link is retracted': [
    [['retract-triple', 'p1', 'posts.tags', 'red']],
    'p1',
    'posts.tags',
    ['blue'],
  ],
  'what is not there is not retracted': [
    [['retract-triple', 'p1', 'posts.author', 'bob']],
    'p1',
    'posts.author',
    ['ann'],
  ],
  'an object is merged': [
    [
      add('p1', 'posts.meta', { a: 1, b: { c: 2 } }),
      ['deep-merge-triple', 'p1', 'posts.meta', { a: null, b: { d: 3 } }],
    ],
    'p1',
    'posts.meta',
    [{ b: { c: 2, d: 3 } }],
  ],
  'an update of what is not there does nothing': [
    [add('zed', 'people.name', 'Z', 'update')],
    'zed',
    'people.name',
    [],
  ],
  'a create of what is there does nothing': [
    [add('ann', 'people.name', 'Z', 'create')],
    'ann',
    'people.name',
    ['Ann'],
  ],
  'a lookup finds its entity': [
    [add(['people.email', 'bob@x'], 'people.name', 'Rob')],
    'bob',
    'people.name',
    ['Rob'],
  ],
  'an unknown lookup is left out': [
    [add(['people.email', 'zed@x'], 'people.name', 'Z')],
    'ann',
    'people.name',
    ['Ann'],
  ],
  'a lookup can be what a link leads to': [
    [add('p3', 'posts.author', ['people.email', 'cem@x'])],
    'p3',
    'posts.author',
    ['cem'],
  ],
};

for (const [name, [steps, entity, attr, expected]] of Object.entries(CHANGES)) {
  test(name, () => {
    const before = world();
    const after = applied(before, steps, 100);
    const values = triplesOf(after.eav.get(entity)?.get(attr)).map((triple) => triple[2]);
    assert.deepEqual(values, expected);
    assertIndexesAgree(after);
    assert.deepEqual(ofIndexes(before), ofIndexes(world()));
  });
}

test('deleting an entity deletes links to it, and what its links cascade to', () => {
  const after = applied(world(), [['delete-entity', 'ann', 'people']], 100);
  assert.deepEqual(
    ['ann', 'p1', 'p2', 'p3'].map((one) => exists(after, one[0] === 'p' ? 'posts' : 'people', one)),
    [false, false, false, true],
  );
  assertIndexesAgree(after);
});

test('an entity is deleted in one etype only', () => {
  const both = applied(world(), [add('ann', 'tags.id', 'ann'), add('ann', 'tags.word', 'w')], 100);
  const after = applied(both, [['delete-entity', 'ann', 'tags']], 101);
  assert.deepEqual([exists(after, 'people', 'ann'), exists(after, 'tags', 'ann')], [true, false]);
});

test('what is written before the delete in one change is deleted as well, and what comes after stays', () => {
  const rename = add('ann', 'people.name', 'Anna');
  const gone = [['delete-entity', 'ann', 'people']];
  const after = applied(world(), [rename, ...gone, add('ann', 'people.id', 'ann')], 100);
  assert.equal(exists(after, 'people', 'ann'), false);
  const back = applied(world(), [...gone, add('ann', 'people.id', 'ann'), rename], 100);
  assert.equal(back.triple('ann', 'people.id')[3], 100);
  assert.equal(back.triple('ann', 'people.name')[2], 'Anna');
  assertIndexesAgree(back);
});

test('a delete takes along what was linked before the change, not what the change links', () => {
  const steps = [
    ['delete-entity', 'ann', 'people'],
    add('p1', 'posts.author', 'bob'),
    add('p3', 'posts.author', 'ann'),
  ];
  for (const order of [steps, [...steps].reverse()]) {
    const after = applied(world(), order, 100);
    assert.deepEqual(
      ['p1', 'p2', 'p3'].map((post) => isShown(after, 'posts', post)),
      [false, false, true],
    );
    assertIndexesAgree(after);
  }
});

test('what links lead to goes along where they say so, in circles too', () => {
  const parts = { cardinality: 'many', 'unique?': true, 'on-delete-reverse': 'cascade' };
  const linked = attrs.with([link('posts', 'parts', 'posts', 'whole', parts)]);
  const links = [
    ['p1', 'posts.parts', 'p2', 9],
    ['p2', 'posts.parts', 'p1', 9],
  ];
  const store = TripleStore.of(linked, [...triples, ...links]);
  const after = applied(store, [['delete-entity', 'p2', 'posts']], 100);
  assert.deepEqual(
    ['p1', 'p2', 'p3'].map((post) => exists(after, 'posts', post)),
    [false, false, true],
  );
});

test('a lookup means the same entity in all steps of a change', () => {
  const looked = ['people.email', 'ann@x'];
  const steps = [
    add(looked, 'people.email', 'new@x'),
    add(looked, 'people.age', 31),
    ['deep-merge-triple', looked, 'people.name', 'Anna'],
  ];
  const after = applied(world(), steps, 100);
  assert.deepEqual(
    ['email', 'age', 'name'].map((label) => after.triple('ann', `people.${label}`)[2]),
    ['new@x', 31, 'Anna'],
  );
});

test('a lookup of what the change deletes makes it again', () => {
  const looked = ['people.email', 'ann@x'];
  const steps = [['delete-entity', looked, 'people'], add(looked, 'people.id', looked)];
  const after = applied(world(), steps, 100);
  assert.equal(after.triple('ann', 'people.email')[2], 'ann@x');
  assert.equal(after.triple('ann', 'people.age')[2], null);
});

test('merges come after all plain values, wherever they stand', () => {
  const steps = [
    add('p1', 'posts.id', 'p1'),
    ['deep-merge-triple', 'p1', 'posts.meta', { b: 2 }],
    add('p1', 'posts.meta', { a: 1 }),
  ];
  const after = applied(world(), steps, 100);
  assert.deepEqual(after.triple('p1', 'posts.meta')[2], { a: 1, b: 2 });
});

test('an entity may exist without being shown', () => {
  const after = applied(world(), [add('p9', 'posts.author', 'ann')], 100);
  assert.deepEqual([exists(after, 'posts', 'p9'), isShown(after, 'posts', 'p9')], [true, false]);
});

test('a new entity has null under indexed properties that it was not given', () => {
  const after = applied(
    world(),
    [add('zed', 'people.id', 'zed'), add('zed', 'people.age', 5)],
    100,
  );
  const value = (label) => after.triple('zed', `people.${label}`)?.[2];
  assert.deepEqual(['age', 'name', 'born', 'email'].map(value), [5, null, null, undefined]);
});

test('what is merged into nothing is stored as it is', () => {
  const after = applied(world(), [['deep-merge-triple', 'p1', 'posts.meta', { a: null }]], 100);
  assert.deepEqual(after.triple('p1', 'posts.meta')[2], { a: null });
});

test('a value keeps the time of the triple it replaces', () => {
  const after = applied(
    world(),
    [add('ann', 'people.name', 'Anna'), add('zed', 'people.id', 'zed')],
    100,
  );
  assert.equal(after.triple('ann', 'people.name')[3], 1);
  assert.equal(after.triple('zed', 'people.id')[3], 100);
});

test('new attrs come with the change that makes them', () => {
  const attr = {
    ...attrs.get('tags.word'),
    id: 'tags.size',
    'forward-identity': ['i', 'tags', 'size'],
  };
  const after = applied(world(), [['add-attr', attr], add('red', 'tags.size', 3)], 100);
  assert.equal(after.triple('red', 'tags.size')[2], 3);
  assert.equal(world().attrs.get('tags.size'), undefined);
});
