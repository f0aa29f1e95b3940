import assert from 'node:assert/strict';
import test from 'node:test';
import { openStorage } from '../storage/indexeddb.js';
import { MemoryStorage } from '../storage/memory.js';
import { CASES } from './storage_cases.js';

for (const [name, run] of Object.entries(CASES)) {
  test(`memory: ${name}`, async () => {
    const [found, expected] = await run(new MemoryStorage());
    assert.deepEqual(found, expected);
  });
}

test('where there is no IndexedDB, things are kept in memory', async () => {
  assert.ok((await openStorage('any')) instanceof MemoryStorage);
});
