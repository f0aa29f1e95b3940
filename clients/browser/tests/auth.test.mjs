// What each way of signing in says to the server, and what the client knows afterwards.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Auth } from '../auth.js';
import { Harness, testId } from './harness.js';
import { MemoryStorage } from '../storage/memory.js';

const APP = testId(0);
const ANN = { id: 'ann', email: 'ann@x', refresh_token: 'token of ann' };

/** A client without a line, and a server that answers with what it is told to. */
function signing(answer = { user: ANN, created: true }, status = 200) {
  const harness = new Harness();
  const storage = new MemoryStorage();
  const asked = [];
  const client = {
    reactor: harness.reactor,
    storage: Promise.resolve(storage),
    ready: Promise.resolve(),
    written: Promise.resolve(),
    tell: (input) => {
      const result = input(harness.reactor);
      harness.take();
      return result;
    },
  };
  const fetch = async (url, { body }) => {
    asked.push([url.replace('http://api', ''), JSON.parse(body)]);
    return { ok: status === 200, status, json: async () => answer };
  };
  const channelName = `test ${Math.random()}`;
  const auth = new Auth(client, { apiURI: 'http://api', appId: APP, fetch, channelName });
  const told = [];
  auth.listeners.add(({ user }) => told.push(user?.id ?? null));
  return { auth, asked, told, client, storage };
}

const WAYS = {
  'a code is sent': [
    (auth) => auth.sendMagicCode({ email: 'ann@x' }),
    '/runtime/auth/send_magic_code',
    { 'app-id': APP, email: 'ann@x' },
  ],
  'a code is proved': [
    (auth) => auth.signInWithMagicCode({ email: 'ann@x', code: '1', extraFields: { name: 'A' } }),
    '/runtime/auth/verify_magic_code',
    { 'app-id': APP, email: 'ann@x', code: '1', 'extra-fields': { name: 'A' } },
  ],
  'a guest': [(auth) => auth.signInAsGuest(), '/runtime/auth/sign_in_guest', { 'app-id': APP }],
  'a token': [
    (auth) => auth.signInWithToken('t'),
    '/runtime/auth/verify_refresh_token',
    { 'app-id': APP, 'refresh-token': 't' },
  ],
  'an id token': [
    (auth) => auth.signInWithIdToken({ idToken: 'j', clientName: 'google', nonce: 'n' }),
    '/runtime/oauth/id_token',
    { app_id: APP, id_token: 'j', client_name: 'google', nonce: 'n' },
  ],
  'a code of a provider': [
    (auth) => auth.exchangeOAuthCode({ code: 'c', codeVerifier: 'v' }),
    '/runtime/oauth/token',
    { app_id: APP, code: 'c', code_verifier: 'v' },
  ],
};

for (const [name, [act, path, body]] of Object.entries(WAYS)) {
  test(name, async (t) => {
    const { auth, asked, client } = signing();
    t.after(() => auth.close());
    await act(auth);
    assert.deepEqual(asked, [[path, body]]);
    assert.equal(client.reactor.user?.id, path.endsWith('send_magic_code') ? undefined : 'ann');
  });
}

test('a guest that becomes a user says which guest it was', async (t) => {
  const { auth, asked } = signing();
  t.after(() => auth.close());
  await auth.signInAsGuest();
  await auth.signInWithMagicCode({ email: 'ann@x', code: '1' });
  assert.equal(asked[1][1]['refresh-token'], 'token of ann');
});

test('signing out tells the server and forgets', async (t) => {
  const { auth, asked, told } = signing();
  t.after(() => auth.close());
  await auth.signInAsGuest();
  await auth.signOut();
  assert.deepEqual(asked[1], ['/runtime/signout', { app_id: APP, refresh_token: 'token of ann' }]);
  assert.deepEqual(told.slice(-2), ['ann', null]);
});

test('a refusal is an error with all the server said, and nobody is signed in', async (t) => {
  const body = {
    type: 'record-not-found',
    message: 'No.',
    hint: { 'record-type': 'x' },
    'trace-id': 't',
  };
  const { auth, client } = signing(body, 400);
  t.after(() => auth.close());
  const error = await auth.signInAsGuest().then(assert.fail, (refusal) => refusal);
  const { name, message, type, status, hint, traceId } = error;
  assert.deepEqual(
    [name, message, type, status, hint, traceId],
    ['InstantError', 'No.', body.type, 400, body.hint, 't'],
  );
  assert.equal(client.reactor.user, null);
});

test('another tab signed in: so did this one', async (t) => {
  const { auth, client, storage } = signing();
  t.after(() => auth.close());
  await storage.put('kv', 'user', ANN);
  await auth.readStoredUser();
  assert.equal(client.reactor.user.id, 'ann');
});

test('where a provider is asked', (t) => {
  const { auth } = signing();
  t.after(() => auth.close());
  const url = new URL(
    auth.createAuthorizationURL({ clientName: 'google', redirectURL: 'http://me/?a=1' }),
  );
  assert.equal(url.pathname, '/runtime/oauth/start');
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    app_id: APP,
    client_name: 'google',
    redirect_uri: 'http://me/?a=1',
  });
});
