// Recorded conversations with the real server: the Reactor, given the same inputs and frames, says
// the same words in the same order and ends up showing the same.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { Harness } from './harness.js';

const FOLDER = new URL('conversations/', import.meta.url);
const plain = (value) => JSON.parse(JSON.stringify(value));

function replay(records) {
  const harness = new Harness(records[0].options);
  const said = [];
  for (const { act, received } of records) {
    if (act) harness.act(act);
    else if (received) harness.reactor.received(received);
    else continue;
    said.push(...harness.sent());
  }
  return { said, end: { shown: harness.shown, settled: harness.settled } };
}

for (const name of readdirSync(FOLDER).sort()) {
  test(`the conversation ${name} goes as it was recorded`, () => {
    const lines = readFileSync(new URL(name, FOLDER), 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line));
    const { said, end } = replay(records);
    assert.deepEqual(
      plain(said),
      records.filter(({ sent }) => sent).map(({ sent }) => sent),
    );
    assert.deepEqual(plain(end), records.at(-1).end);
  });
}
