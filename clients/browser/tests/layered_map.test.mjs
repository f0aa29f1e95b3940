import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY, LayeredMap } from '../store/layered_map.js';

const entries = (map) => {
  const found = [];
  map.forEach((value, key) => found.push([key, value]));
  return found.sort();
};

test('a version does not see what a later one changed', () => {
  const first = EMPTY.with('a', 1, {});
  const second = first.with('a', 2, {}).with('b', 3, {}).without('a', {});
  assert.deepEqual(entries(first), [['a', 1]]);
  assert.deepEqual(entries(second), [['b', 3]]);
  assert.deepEqual([first.size, second.size, EMPTY.size], [1, 1, 0]);
});

test('one owner changes one version in place', () => {
  const owner = {};
  const map = EMPTY.with('a', 1, owner);
  assert.equal(map.with('b', 2, owner), map);
});

test('random changes leave every version as a plain map would have it', () => {
  let state = 7;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const versions = Array.from({ length: 20 }, () => [EMPTY, new Map()]);
  for (let step = 0; step < 3000; step++) {
    const [map, model] = versions[random(versions.length)];
    const [owner, next] = [{}, new Map(model)];
    let changed = map;
    for (let count = random(60); count >= 0; count--) {
      const key = random(80);
      if (random(3)) {
        changed = changed.with(key, step, owner);
        next.set(key, step);
      } else {
        changed = changed.without(key, owner);
        next.delete(key);
      }
    }
    versions[random(20)] = [changed, next];
  }
  for (const [map, model] of versions) {
    assert.deepEqual(entries(map), [...model].sort());
    assert.equal(map.size, model.size);
  }
});

test('a large version is copied once, not for each change', () => {
  const owner = {};
  let large = new LayeredMap(owner);
  for (let key = 0; key < 1000; key++) large = large.with(key, key, owner);
  const changed = large.with(5, 'five', {});
  assert.equal(changed.base, large.layer);
  assert.deepEqual([large.get(5), changed.get(5)], [5, 'five']);
});
