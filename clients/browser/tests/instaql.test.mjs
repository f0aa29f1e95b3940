// Every operator and option once, in small; `tests/properties/test_instaql.py` compares thousands
// of random queries with the server, a naive evaluator and the published client.

import assert from 'node:assert/strict';
import test from 'node:test';
import { answerOver } from '../instaql/query.js';
import { instantOf } from '../instaql/dates.js';
import { applied } from '../store/apply.js';
import { world } from './world.js';

const people = (options) => ids(answerOver(world(), { people: { $: options } }).data.people);
const ids = (nodes) => nodes.map(({ id }) => id);

const WHERES = {
  'a plain value': [{ name: 'Ann' }, ['ann']],
  'several keys': [{ name: 'Ann', age: 20 }, []],
  'a path': [{ 'posts.title': 'Three' }, ['bob']],
  'keys of one path share the entity': [{ 'posts.title': 'One', 'posts.tags': 'red' }, ['ann']],
  'keys that need one entity': [{ 'posts.title': 'Two', 'posts.tags': 'blue' }, []],
  'elements of and have entities of their own': [
    { and: [{ 'posts.title': 'Two' }, { 'posts.tags': 'blue' }] },
    ['ann'],
  ],
  or: [{ or: [{ name: 'Ann' }, { age: 20 }] }, ['ann', 'cem']],
  $in: [{ name: { $in: ['Ann', 'bob'] } }, ['ann', 'bob']],
  '$in of nothing': [{ name: { $in: [] } }, []],
  '$not takes null along': [{ age: { $not: 20 } }, ['ann', 'bob']],
  $isNull: [{ age: { $isNull: true } }, ['bob']],
  'not $isNull': [{ age: { $isNull: false } }, ['ann', 'cem']],
  'a path that is broken is null': [{ 'posts.title': { $isNull: true } }, ['cem']],
  'comparisons do not match null': [{ age: { $lt: 40 } }, ['ann', 'cem']],
  'several operators all hold': [{ age: { $gte: 20, $lt: 30 } }, ['cem']],
  'strings compare by collation': [{ name: { $lt: 'B' } }, ['ann']],
  'dates compare by instant': [{ born: '1990-01-01T01:00:00+01:00' }, ['ann', 'cem']],
  '$like is case sensitive': [{ name: { $like: '%B%' } }, []],
  '$ilike is not': [{ name: { $ilike: '_O%' } }, ['bob']],
  'an unknown attr empties the form': [{ nowhere: 1 }, []],
  'a reverse link by id': [{ posts: 'p3' }, ['bob']],
};

for (const [name, [where, expected]] of Object.entries(WHERES)) {
  test(`where: ${name}`, () => assert.deepEqual(people({ where }), expected));
}

const OPTIONS = {
  'by creation': [{}, ['ann', 'bob', 'cem']],
  downwards: [{ order: { serverCreatedAt: 'desc' } }, ['cem', 'bob', 'ann']],
  'by letters, as people do': [{ order: { name: 'asc' } }, ['ann', 'bob', 'cem']],
  'null comes first': [{ order: { age: 'asc' } }, ['bob', 'cem', 'ann']],
  'equal dates by id': [{ order: { born: 'desc' } }, ['cem', 'ann', 'bob']],
  limit: [{ limit: 2 }, ['ann', 'bob']],
  last: [{ last: 1 }, ['cem']],
};

for (const [name, [options, expected]] of Object.entries(OPTIONS)) {
  test(`order and page: ${name}`, () => assert.deepEqual(people(options), expected));
}

test('a page that does not start at the beginning is where the server says', () => {
  const query = { people: { $: { offset: 1, order: { age: 'asc' } } } };
  assert.deepEqual(answerOver(world(), query).data.people, []);
  const info = {
    'start-cursor': ['cem', 'people.age', 20, 0],
    'end-cursor': ['cem', 'people.age', 20, 0],
  };
  const answer = answerOver(world(), query, { pageInfo: { people: info } });
  assert.deepEqual(ids(answer.data.people), ['cem']);
  assert.deepEqual(answer.pageInfo.people.startCursor, ['cem', 'people.age', 20, 0]);
});

test('links nest in both directions, with their own options', () => {
  const query = {
    people: {
      $: { where: { name: 'Ann' }, fields: ['age'] },
      posts: { $: { limit: 1 }, tags: {} },
    },
  };
  assert.deepEqual(answerOver(world(), query).data, {
    people: [
      {
        id: 'ann',
        age: 30,
        posts: [
          {
            id: 'p1',
            title: 'One',
            tags: [
              { id: 'blue', word: 'blue' },
              { id: 'red', word: 'red' },
            ],
          },
        ],
      },
    ],
  });
});

test('a link that the schema calls singular shows one object', () => {
  const isSingular = (etype, label) => etype === 'posts' && label === 'author';
  const query = { posts: { $: { fields: ['title'] }, author: { $: { fields: ['name'] } } } };
  const { posts } = answerOver(world(), query, { isSingular }).data;
  assert.deepEqual(posts[2], { id: 'p3', title: 'Three', author: { id: 'bob', name: 'bob' } });
});

test('an unknown namespace and an unknown link are empty', () => {
  const query = { zippy: {}, tags: { nowhere: {}, $: { where: { word: 'red' } } } };
  assert.deepEqual(answerOver(world(), query).data, {
    zippy: [],
    tags: [{ id: 'red', word: 'red', nowhere: [] }],
  });
});

test('counts are told beside the data', () => {
  const answer = answerOver(
    world(),
    { people: {}, $$ruleParams: {} },
    { aggregate: { people: { count: 3 } } },
  );
  assert.deepEqual(answer, { data: {}, aggregate: { people: { count: 3 } } });
});

test('what is new here comes last', () => {
  const store = applied(world(), [['add-triple', 'aaa', 'people.id', 'aaa']], 1e14);
  assert.deepEqual(ids(answerOver(store, { people: {} }).data.people), [
    'ann',
    'bob',
    'cem',
    'aaa',
  ]);
});

const DATES = [
  ['2025-01-01', '2025-01-01T00:00:00Z'],
  ['2025-01-02T00:00:00-08', '2025-01-02T08:00:00Z'],
  ['2025-9-29T23:59:59.999Z', '2025-09-29T23:59:59.999Z'],
  ['2025-01-15 20:53:08.892865', '2025-01-15T20:53:08.892Z'],
  ['2025-06-12T10:56:31.924+0530', '2025-06-12T05:26:31.924Z'],
  ['3/12/2044', '2044-03-12T00:00:00Z'],
  ['04-17-2025', '2025-04-17T00:00:00Z'],
  ['8/4/2025, 11:02:31 PM', '2025-08-04T23:02:31Z'],
  ['Sat, 05 Apr 2025 18:00:31 GMT', '2025-04-05T18:00:31Z'],
  ['Wed Jul 09 2025', '2025-07-09T00:00:00Z'],
  ['"2025-01-15 20:53:08"', '2025-01-15T20:53:08Z'],
];

for (const [text, expected] of DATES) {
  test(`the date ${text}`, () => assert.equal(instantOf(text), Date.parse(expected)));
}
