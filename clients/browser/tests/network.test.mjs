// Which transport is taken when, and how messages travel over server-sent events.

import assert from 'node:assert/strict';
import test from 'node:test';
import { eventStreamTransport } from '../network/event_stream.js';
import { Line } from '../network/line.js';

const soon = () => new Promise((resolve) => setTimeout(resolve, 1));

function lines() {
  const opened = [];
  const kind = (name) => (listener) => {
    const transport = {
      name,
      listener,
      closed: false,
      send() {},
      close: () => (transport.closed = true),
    };
    opened.push(transport);
    return transport;
  };
  const heard = [];
  const line = new Line([kind('socket'), kind('events')], {
    connecting: () => heard.push('connecting'),
    opened: () => heard.push('opened'),
    received: (frame) => heard.push(frame),
    lost: () => heard.push('lost'),
  });
  return { line, opened, heard };
}

test('a transport that closes without a word is followed by the other kind', async () => {
  const { line, opened } = lines();
  for (let attempt = 0; attempt < 3; attempt++) {
    line.connect(0);
    await soon();
    opened.at(-1).listener.closed();
  }
  assert.deepEqual(
    opened.map(({ name }) => name),
    ['socket', 'events', 'socket'],
  );
});

test('after one that worked, the preferred kind is tried again', async () => {
  const { line, opened } = lines();
  line.connect(0);
  await soon();
  opened[0].listener.closed();
  line.connect(0);
  await soon();
  opened[1].listener.received('hello');
  opened[1].listener.closed();
  line.connect(0);
  await soon();
  assert.deepEqual(
    opened.map(({ name }) => name),
    ['socket', 'events', 'socket'],
  );
});

test('a transport that cannot be made is followed by the other kind', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const heard = [];
  const refuse = () => {
    throw new Error('No socket without TLS from here.');
  };
  const listener = { connecting: () => heard.push('connecting'), lost: () => heard.push('lost') };
  const line = new Line([refuse, () => heard.push('events') && { close() {} }], listener);
  line.connect(0);
  await soon();
  line.connect(0);
  await soon();
  line.disconnect();
  assert.deepEqual(heard, ['connecting', 'lost', 'connecting', 'events']);
});

test('a transport that does not open in time is followed by the other kind', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { line, opened, heard } = lines();
  line.connect(0);
  t.mock.timers.tick(0);
  t.mock.timers.tick(9_999);
  assert.deepEqual(heard, ['connecting']);
  t.mock.timers.tick(1);
  assert.deepEqual([heard, opened[0].closed], [['connecting', 'lost'], true]);
  line.connect(0);
  t.mock.timers.tick(0);
  opened[1].listener.opened();
  t.mock.timers.tick(60_000);
  assert.deepEqual(heard, ['connecting', 'lost', 'connecting', 'opened']);
});

test('nothing is heard of a transport that was replaced', async () => {
  const { line, opened, heard } = lines();
  line.connect(0);
  await soon();
  line.connect(0);
  await soon();
  opened[0].listener.received('old');
  opened[0].listener.closed();
  opened[1].listener.received('new');
  assert.deepEqual(heard, ['connecting', 'connecting', 'new']);
  assert.equal(opened[0].closed, true);
});

test('a delay can be called off', async () => {
  const { line, opened } = lines();
  line.connect(1);
  line.disconnect();
  await soon();
  await soon();
  assert.equal(opened.length, 0);
});

function events() {
  const sources = [];
  class Source {
    constructor(url) {
      sources.push(Object.assign(this, { url, isClosed: false }));
    }
    close() {
      this.isClosed = true;
    }
    say(message) {
      this.onmessage({ data: JSON.stringify(message) });
    }
  }
  const posts = [];
  const post = (url, { body }) => {
    return new Promise((resolve) => posts.push({ url, body: JSON.parse(body), answer: resolve }));
  };
  const heard = [];
  const transport = eventStreamTransport(
    'http://api',
    'app',
    Source,
    post,
  )({
    opened: () => heard.push('opened'),
    received: (message) => heard.push(message),
    closed: () => heard.push('closed'),
  });
  const [source] = sources;
  source.say({ op: 'sse-init', 'machine-id': 'm', 'session-id': 's', 'sse-token': 't' });
  return { transport, source, posts, heard };
}

test('messages are posted in order, one post at a time', async () => {
  const { transport, source, posts, heard } = events();
  transport.send({ op: 'a' });
  transport.send({ op: 'b' });
  transport.send({ op: 'c' });
  await soon();
  posts[0].answer({ ok: true });
  await soon();
  assert.deepEqual(
    posts.map(({ body }) => body.messages.map(({ op }) => op)),
    [['a'], ['b', 'c']],
  );
  const { machine_id: machine, session_id: session, sse_token: token } = posts[0].body;
  assert.deepEqual(
    [posts[0].url, machine, session, token],
    ['http://api/runtime/sse?app_id=app', 'm', 's', 't'],
  );
  source.say({ op: 'init-ok' });
  assert.deepEqual(heard, ['opened', { op: 'init-ok' }]);
});

test('a post that fails ends the connection', async () => {
  const { transport, source, posts, heard } = events();
  transport.send({ op: 'a' });
  await soon();
  posts[0].answer({ ok: false, status: 400 });
  await soon();
  assert.deepEqual([heard, source.isClosed], [['opened', 'closed'], true]);
});
