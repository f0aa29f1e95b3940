import assert from 'node:assert/strict';
import test from 'node:test';
import { ANY, solve, Test, Variable } from '../datalog.js';
import { world } from './world.js';

const [x, y, z] = [new Variable(0), new Variable(1), new Variable(2)];

function rows(clauses, known = []) {
  const row = [...known, ...new Array(3 - known.length).fill(undefined)];
  const found = [];
  solve(world(), clauses, row, () => found.push(row.filter((value) => value !== undefined).join()));
  assert.deepEqual(row, [...known, ...new Array(3 - known.length).fill(undefined)]);
  return found.sort();
}

const CASES = {
  'a constant value': [[[x, 'people.name', 'Ann', ANY]], ['ann']],
  'a constant target uses the link backwards': [[[x, 'posts.author', 'ann', ANY]], ['p1', 'p2']],
  'a shared variable joins': [
    [
      [x, 'posts.author', y, ANY],
      [y, 'people.name', 'bob', ANY],
    ],
    ['p3,bob'],
  ],
  'a variable twice in one pattern is one value': [
    [[x, 'people.id', x, ANY]],
    ['ann', 'bob', 'cem'],
  ],
  'a test asks what no index knows': [
    [[x, 'people.age', new Test((age) => age > 20), ANY]],
    ['ann'],
  ],
  'a choice tries each branch': [
    [{ any: [[[x, 'people.name', 'Ann', ANY]], [[x, 'people.age', 20, ANY]]] }],
    ['ann', 'cem'],
  ],
  'an unknown attr is a variable as well': [
    [['p3', y, z, ANY]],
    ['posts.author,bob', 'posts.id,p3', 'posts.title,Three'],
  ],
  'nothing known at all': [
    [
      [x, y, 'red', ANY],
      [x, 'posts.title', 'One', ANY],
    ],
    ['p1,posts.tags'],
  ],
  'time can be bound': [[['ann', 'people.id', ANY, x]], ['1']],
};

for (const [name, [clauses, expected]] of Object.entries(CASES)) {
  test(name, () => assert.deepEqual(rows(clauses), expected));
}

test('what is known beforehand narrows the search', () => {
  assert.deepEqual(rows([[y, 'posts.author', x, ANY]], ['ann']), ['ann,p1', 'ann,p2']);
});
