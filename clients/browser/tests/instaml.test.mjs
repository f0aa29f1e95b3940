import assert from 'node:assert/strict';
import test from 'node:test';
import { lookup, tx } from '../instaml/chunks.js';
import { rewritten } from '../instaml/rewrite.js';
import { stepsOf } from '../instaml/steps.js';
import { Attrs } from '../store/attrs.js';
import { attrs, link, property } from './world.js';

let ids = 0;
const context = (more) => ({ attrs, newId: () => `n${ids++}`, exists: () => false, ...more });
const steps = (chunks, more) => stepsOf(chunks, context(more));

const PLAIN = {
  'update begins with the id': [
    tx.people.ann.update({ name: 'Anna', id: 'x', age: undefined }),
    [
      ['add-triple', 'ann', 'people.id', 'ann'],
      ['add-triple', 'ann', 'people.name', 'Anna'],
    ],
  ],
  'create says so in every step': [
    tx.people.zed.create({ name: 'Z' }),
    [
      ['add-triple', 'zed', 'people.id', 'zed', { mode: 'create' }],
      ['add-triple', 'zed', 'people.name', 'Z', { mode: 'create' }],
    ],
  ],
  'an update that may not create': [
    tx.people.ann.update({}, { upsert: false }),
    [['add-triple', 'ann', 'people.id', 'ann', { mode: 'update' }]],
  ],
  merge: [
    tx.posts.p1.merge({ meta: { a: 1 } }),
    [
      ['add-triple', 'p1', 'posts.id', 'p1'],
      ['deep-merge-triple', 'p1', 'posts.meta', { a: 1 }],
    ],
  ],
  'a link forwards': [
    tx.posts.p1.link({ author: 'ann' }),
    [['add-triple', 'p1', 'posts.author', 'ann']],
  ],
  'links backwards': [
    tx.people.ann.link({ posts: ['p1', 'p2'] }),
    [
      ['add-triple', 'p1', 'posts.author', 'ann'],
      ['add-triple', 'p2', 'posts.author', 'ann'],
    ],
  ],
  unlink: [tx.posts.p1.unlink({ tags: 'red' }), [['retract-triple', 'p1', 'posts.tags', 'red']]],
  delete: [tx.posts.p1.delete(), [['delete-entity', 'p1', 'posts']]],
  'rule params': [tx.posts.p1.ruleParams({ key: 1 }), [['rule-params', 'p1', 'posts', { key: 1 }]]],
  'a lookup stands for the entity': [
    tx.people[lookup('email', 'a__b')].update({ age: 1 }),
    [
      ['add-triple', ['people.email', 'a__b'], 'people.id', ['people.email', 'a__b']],
      ['add-triple', ['people.email', 'a__b'], 'people.age', 1],
    ],
  ],
  'a lookup as what is linked': [
    tx.posts.p1.link({ author: lookup('email', 'x') }),
    [['add-triple', 'p1', 'posts.author', ['people.email', 'x']]],
  ],
  'a lookup that is linked': [
    tx.people.lookup('email', 'x').link({ posts: { 'author.id': 'ann' } }),
    null,
  ],
  'actions chain': [
    tx.tags.red.update({ word: 'rot' }).link({ posts: 'p3' }),
    [
      ['add-triple', 'red', 'tags.id', 'red'],
      ['add-triple', 'red', 'tags.word', 'rot'],
      ['add-triple', 'p3', 'posts.tags', 'red'],
    ],
  ],
};

for (const [name, [chunk, expected]] of Object.entries(PLAIN)) {
  test(name, () => {
    if (expected) assert.deepEqual(steps(chunk), expected);
    else assert.throws(() => steps(chunk), /is not unique/);
  });
}

test('an update of what is shown must not create', () => {
  const [first] = steps(tx.people.ann.update({}), { exists: () => true });
  assert.deepEqual(first[4], { mode: 'update' });
});

test('attrs that nobody has are made, once', () => {
  const made = steps([
    tx.films.f1.update({ year: 1 }),
    tx.films.f2.update({ year: 2 }).link({ cast: 'p' }),
  ]);
  const added = made.filter(([action]) => action === 'add-attr').map(([, attr]) => attr);
  assert.deepEqual(
    added.map((attr) => [
      attr['forward-identity'].slice(1).join('.'),
      attr['value-type'],
      attr['unique?'],
    ]),
    [
      ['films.cast', 'ref', false],
      ['films.id', 'blob', true],
      ['films.year', 'blob', false],
    ],
  );
  assert.deepEqual(added[0]['reverse-identity'].slice(1), ['cast', 'films']);
});

test('what is looked up is made unique', () => {
  const [[, attr]] = steps(tx.films[lookup('slug', 'x')].update({}));
  assert.deepEqual([attr['unique?'], attr['index?']], [true, true]);
});

test('attrs that only pending changes have are added again', () => {
  const unsynced = attrs.with([property('tags', 'size', { isUnsynced: true })]);
  assert.equal(steps(tx.tags.red.update({ size: 1 }), { attrs: unsynced })[0][0], 'add-attr');
});

test('a schema gives types, and refuses other names', () => {
  const schema = {
    entities: { films: { attrs: { year: { valueType: 'number', config: { indexed: true } } } } },
    links: {
      cast: {
        forward: { on: 'films', has: 'many', label: 'cast' },
        reverse: { on: 'people', has: 'one', label: 'role', onDelete: 'cascade' },
      },
    },
  };
  const made = steps(tx.films.f.update({ year: 1 }).link({ cast: 'ann' }), { schema });
  const byLabel = Object.fromEntries(
    made.filter(([a]) => a === 'add-attr').map(([, attr]) => [attr['forward-identity'][2], attr]),
  );
  assert.deepEqual([byLabel.year['checked-data-type'], byLabel.year['index?']], ['number', true]);
  assert.deepEqual(
    [byLabel.cast['reverse-identity'].slice(1), byLabel.cast['on-delete-reverse']],
    [['people', 'role'], 'cascade'],
  );
  assert.throws(() => steps(tx.films.f.update({ nowhere: 1 }), { schema }), /not in the schema/);
});

test('pending steps take the ids of the server', () => {
  const made = steps(tx.films.f1.update({ year: 1 }).link({ cast: 'ann' }));
  const server = new Attrs([
    property('films', 'id', { id: 's1' }),
    property('films', 'year', { id: 's2' }),
    link('cast', 'films', 'films', 'cast', { id: 's3' }),
  ]);
  assert.deepEqual(rewritten(made, server), [
    ['add-triple', 'f1', 's1', 'f1'],
    ['add-triple', 'f1', 's2', 1],
    ['add-triple', 'ann', 's3', 'f1'],
  ]);
});

test('steps without new attrs are left as they are', () => {
  const made = steps(tx.people.ann.update({ age: 1 }));
  assert.equal(rewritten(made, attrs), made);
});
