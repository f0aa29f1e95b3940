import assert from 'node:assert/strict';
import test from 'node:test';
import { edited, sliceOf } from '../reactor/presence.js';

const sessions = { me: { data: { name: 'me' } }, you: { data: { name: 'you', tags: ['a', 'b'] } } };

const EDITS = {
  'a peer comes': [[[['new'], '+', { data: { x: 1 } }]], (s) => s.new.data, { x: 1 }],
  'a peer goes': [[[['you'], '-']], Object.keys, ['me']],
  'a key is replaced': [[[['you', 'data', 'name'], 'r', 'u']], (s) => s.you.data.name, 'u'],
  'an element is inserted': [
    [[['you', 'data', 'tags', 1], '+', 'x']],
    (s) => s.you.data.tags,
    ['a', 'x', 'b'],
  ],
  'an element is replaced': [
    [[['you', 'data', 'tags', 1], 'r', 'x']],
    (s) => s.you.data.tags,
    ['a', 'x'],
  ],
  'an element goes': [[[['you', 'data', 'tags', 0], '-']], (s) => s.you.data.tags, ['b']],
  'what became empty goes too': [[[['me', 'data', 'name'], '-']], Object.keys, ['you']],
  'containers are made': [[[['z', 'data', 'a', 0], '+', 1]], (s) => s.z.data, { a: [1] }],
  'an empty path is ignored': [[[[], 'r', {}]], Object.keys, ['me', 'you']],
  'what is not there does not go': [[[['z', 'data', 'a'], '-']], Object.keys, ['me', 'you']],
};

for (const [name, [edits, look, expected]] of Object.entries(EDITS)) {
  test(name, () => {
    const before = JSON.stringify(sessions);
    assert.deepEqual(look(edited(sessions, edits)), expected);
    assert.equal(JSON.stringify(sessions), before);
  });
}

const room = {
  presence: { name: 'me', mood: 'ok' },
  sessions,
  isConnected: true,
  error: undefined,
};

test('one does not see oneself as a peer', () => {
  assert.deepEqual(sliceOf(room, 'me'), {
    peers: { you: { name: 'you', tags: ['a', 'b'], peerId: 'you' } },
    user: { name: 'me', mood: 'ok', peerId: 'me' },
    isLoading: false,
    error: undefined,
  });
});

test('a slice holds what was asked for', () => {
  const { peers, user } = sliceOf(room, 'me', { keys: ['mood'], peers: [], user: false });
  assert.deepEqual([peers, user], [{}, undefined]);
});
