// The client around the Reactor, where what it is built on fails.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from '../client.js';

test('a page whose storage cannot be read goes on without it', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const broken = async () => {
    throw new Error('This database is closed.');
  };
  const storage = { get: broken, all: broken, put: broken, delete: broken, clear: broken };
  const opened = [];
  const client = new Client({
    appId: 'app',
    versions: {},
    transports: [(listener) => opened.push(listener) && { send() {}, close() {} }],
    openStorage: async () => ({ ...storage, close() {} }),
    network: { isOnline: () => true, listen: () => () => {} },
  });
  client.tell((reactor) => reactor.queries.subscribe({ todos: {} }, () => {}));
  await client.ready;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(opened.length, 1);
  await client.shutdown();
});
