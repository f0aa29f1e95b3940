// A tour of the published @instantdb/admin, unmodified: one stop for each of its public methods.
// Prints one JSON line a stop, {"method", "error"}, and a last one, {"methods"}, with every method
// that the package itself shows, so that whoever reads it sees what was left out.
//
//   node admin_tour.mjs API_URI APP_ID ADMIN_TOKEN

import assert from 'node:assert/strict';
import * as admin from '@instantdb/admin';

const [apiURI, appId, adminToken] = process.argv.slice(2);
const { id, lookup, tx, i } = admin;
const config = { apiURI, appId, adminToken };
const db = admin.init(config);
const guest = db.asUser({ guest: true });
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const someone = () => `${id()}@example.com`;

/** What the call is refused with. */
async function refusal(call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.name, 'InstantAPIError');
    assert.equal(error.message, error.body.message);
    return { status: error.status, type: error.body.type, hint: error.body.hint ?? {} };
  }
  return assert.fail('the call was not refused');
}

const signedIn = async (email) => {
  const { code } = await db.auth.generateMagicCode(email);
  return (await db.auth.checkMagicCode(email, code)).user;
};

const stops = {
  async init() {
    const stranger = admin.init({ ...config, adminToken: id() });
    const { status, type, hint } = await refusal(() => stranger.query({ goals: {} }));
    assert.deepEqual([status, type, hint['record-type']], [400, 'record-not-found', 'app-admin-token']);
  },

  async init_experimental() {
    assert.deepEqual(await admin.init_experimental(config).query({ nothings: {} }), { nothings: [] });
  },

  async transact() {
    const [goal, todo] = [id(), id()];
    const done = await db.transact([
      db.tx.goals[goal].update({ title: 'Get fit', more: { a: 1, b: 2 } }),
      tx.todos[todo].create({ text: 'Run' }),
      db.tx.goals[goal].merge({ more: { b: 3 } }).link({ todos: todo }),
    ]);
    assert.equal(typeof done['tx-id'], 'number');
    const seen = await db.query({ goals: { $: { where: { id: goal } }, todos: {} } });
    assert.deepEqual(seen.goals, [
      { id: goal, title: 'Get fit', more: { a: 1, b: 3 }, todos: [{ id: todo, text: 'Run' }] },
    ]);
    await db.transact(db.tx.goals[goal].unlink({ todos: todo }));
    await db.transact(db.tx.todos[todo].delete());
    const after = await db.query({ goals: { $: { where: { id: goal } }, todos: {} }, todos: {} });
    assert.deepEqual([after.goals[0].todos, after.todos], [[], []]);
    const twice = await refusal(() => db.transact(db.tx.goals[goal].create({ title: 'again' })));
    assert.equal(twice.status, 400);
    const wrong = await refusal(() => db.transact(db.tx.goals[lookup('title', 'x')].update({ n: 1 })));
    assert.deepEqual([wrong.status, wrong.type], [400, 'validation-failed']);
  },

  async query() {
    const [a, b] = [id(), id()];
    await db.transact([a, b].map((each, n) => db.tx.books[each].update({ n })));
    const { books } = await db.query({ books: { $: { where: { n: 1 } } } });
    assert.deepEqual(books, [{ id: b, n: 1 }]);
    const wrong = await refusal(() => db.query({ books: { authors: 1 } }));
    assert.deepEqual([wrong.status, wrong.type], [400, 'validation-failed']);
    const schema = i.schema({
      entities: { people: i.entity({ name: i.string() }), pets: i.entity({ name: i.string() }) },
      links: {
        owners: {
          forward: { on: 'pets', has: 'one', label: 'owner' },
          reverse: { on: 'people', has: 'many', label: 'pets' },
        },
      },
    });
    const typed = admin.init({ ...config, schema });
    const missing = await refusal(() => typed.transact(typed.tx.pets[id()].update({ name: 'Rex' })));
    assert.equal(missing.hint.errors[0].message, 'Attributes are missing in your schema');
  },

  async subscribeQuery() {
    const mine = id();
    const heard = [];
    let tell;
    const sub = db.subscribeQuery({ notes: { $: { first: 1 } } }, (payload) => {
      heard.push(payload);
      tell?.();
    });
    const until = async (count) => {
      while (heard.length < count) await new Promise((resolve) => (tell = resolve));
    };
    await until(1);
    await db.transact(db.tx.notes[mine].update({ text: 'hi' }));
    await until(2);
    sub.close();
    assert.deepEqual(heard.map((each) => each.type), ['ok', 'ok']);
    assert.deepEqual(heard.map((each) => each.data.notes), [[], [{ id: mine, text: 'hi' }]]);
    assert.equal(heard[1].pageInfo.notes.startCursor[0], mine);
    assert.ok(heard[1].sessionInfo.sessionId && heard[1].sessionInfo.machineId);
    assert.equal(sub.isClosed, true);

    const stranger = admin.init({ ...config, adminToken: id() });
    for await (const payload of stranger.subscribeQuery({ notes: {} })) {
      assert.deepEqual([payload.type, payload.error.body.type], ['error', 'record-not-found']);
      break;
    }
  },

  async asUser() {
    const email = someone();
    const user = await signedIn(email);
    const own = { $users: { $: { where: { email } } } };
    const asThem = [{ email }, { token: user.refresh_token }];
    for (const who of asThem) {
      const { $users } = await db.asUser(who).query(own);
      assert.deepEqual($users.map((each) => each.id), [user.id]);
    }
    const { $users } = await guest.query(own);
    assert.deepEqual($users, []);
    for (const who of [{ email: someone() }, { token: id() }]) {
      const { status, type, hint } = await refusal(() => db.asUser(who).query(own));
      assert.deepEqual([status, type, hint['record-type']], [400, 'record-not-found', 'app-user']);
    }
    const withoutSecret = admin.init({ apiURI, appId }).asUser({ token: user.refresh_token });
    assert.equal((await withoutSecret.query(own)).$users.length, 1);
  },

  async debugQuery() {
    const [shown, hidden] = [id(), id()];
    await db.transact([
      db.tx.secrets[shown].update({ open: true }),
      db.tx.secrets[hidden].update({ open: false }),
    ]);
    const rules = { secrets: { allow: { view: 'data.open' } } };
    const { result, checkResults } = await guest.debugQuery({ secrets: {} }, { rules });
    assert.deepEqual(result, { secrets: [{ id: shown, open: true }] });
    const checks = Object.fromEntries(checkResults.map((each) => [each.id, each.check]));
    assert.deepEqual(checks, { [shown]: true, [hidden]: false });
    const asAdmin = await refusal(() => db.debugQuery({ secrets: {} }, { rules }));
    assert.deepEqual([asAdmin.status, asAdmin.type], [400, 'validation-failed']);
  },

  async debugTransact() {
    const goal = id();
    const write = guest.tx.drafts[goal].update({ title: 'x' });
    const denied = await guest.debugTransact(write, { rules: { drafts: { allow: { create: 'false' } } } });
    assert.equal(denied['all-checks-ok?'], false);
    const objects = denied['check-results'].filter((each) => each.scope === 'object');
    assert.deepEqual(objects.map((each) => [each.etype, each['check-result']]), [['drafts', false]]);
    const allowed = await guest.debugTransact(write, { rules: { drafts: { allow: { create: 'true' } } } });
    assert.equal(allowed['all-checks-ok?'], true);
    assert.deepEqual(await db.query({ drafts: {} }), { drafts: [] });
  },

  async 'auth.generateMagicCode'() {
    assert.match((await db.auth.generateMagicCode(someone())).code, /^\d{6}$/);
    const { status, type } = await refusal(() => db.auth.generateMagicCode('nobody'));
    assert.deepEqual([status, type], [400, 'param-malformed']);
  },

  async 'auth.sendMagicCode'() {
    assert.match((await db.auth.sendMagicCode(someone())).code, /^\d{6}$/);
  },

  async 'auth.verifyMagicCode'() {
    const email = someone();
    const { code } = await db.auth.generateMagicCode(email);
    const user = await db.auth.verifyMagicCode(email, code);
    assert.equal(user.email, email);
    const again = await refusal(() => db.auth.verifyMagicCode(email, code));
    assert.deepEqual([again.status, again.hint['record-type']], [400, 'app-user-magic-code']);
  },

  async 'auth.checkMagicCode'() {
    const email = someone();
    const outcomes = [];
    for (const _ of [1, 2]) {
      const { code } = await db.auth.generateMagicCode(email);
      outcomes.push(await db.auth.checkMagicCode(email, code));
    }
    assert.deepEqual(outcomes.map((each) => each.created), [true, false]);
    assert.equal(outcomes[0].user.id, outcomes[1].user.id);
    const { code } = await db.auth.generateMagicCode(someone());
    const wrong = await refusal(() => db.auth.checkMagicCode(email, code));
    assert.equal(wrong.type, 'record-not-found');
  },

  async 'auth.createToken'() {
    const email = someone();
    const tokens = [await db.auth.createToken({ email }), await db.auth.createToken(email)];
    const users = await Promise.all(tokens.map((token) => db.auth.verifyToken(token)));
    assert.deepEqual(users.map((user) => user.email), [email, email]);
    assert.equal(users[0].id, users[1].id);
    const chosen = id();
    const own = await db.auth.verifyToken(await db.auth.createToken({ id: chosen }));
    assert.equal(own.id, chosen);
  },

  async 'auth.verifyToken'() {
    const email = someone();
    const token = await db.auth.createToken({ email });
    const user = await db.auth.verifyToken(token);
    assert.deepEqual([user.email, user.refresh_token], [email, token]);
    const { status, hint } = await refusal(() => db.auth.verifyToken(id()));
    assert.deepEqual([status, hint['record-type']], [400, 'app-user']);
  },

  async 'auth.getUser'() {
    const email = someone();
    const refresh_token = await db.auth.createToken({ email });
    const user = await db.auth.getUser({ email });
    assert.equal(user.email, email);
    assert.equal((await db.auth.getUser({ id: user.id })).id, user.id);
    assert.equal((await db.auth.getUser({ refresh_token })).id, user.id);
    assert.equal(await db.auth.getUser({ email: someone() }), null);
    const { type } = await refusal(() => db.auth.getUser({}));
    assert.equal(type, 'validation-failed');
  },

  async 'auth.deleteUser'() {
    const email = someone();
    await db.auth.createToken({ email });
    const gone = await db.auth.deleteUser({ email });
    assert.equal(gone.email, email);
    assert.equal(await db.auth.getUser({ email }), null);
    assert.equal(await db.auth.deleteUser({ email }), null);
  },

  async 'auth.signOut'() {
    const email = someone();
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map(async () => await db.auth.createToken({ email })),
    );
    await db.auth.signOut({ refresh_token: first });
    await refusal(() => db.auth.verifyToken(first));
    await db.auth.verifyToken(second);
    await db.auth.signOut({ email });
    for (const token of [second, third]) await refusal(() => db.auth.verifyToken(token));
    const { hint } = await refusal(() => db.auth.signOut(someone()));
    assert.equal(hint['record-type'], 'app-user');
  },

  async 'auth.getUserFromRequest'() {
    const token = await db.auth.createToken({ email: someone() });
    const cookie = `instant_user_${appId}=${JSON.stringify({ refresh_token: token })}`;
    const request = new Request('http://localhost/', { headers: { cookie } });
    assert.equal((await db.auth.getUserFromRequest(request)).refresh_token, token);
    assert.equal(await db.auth.getUserFromRequest(new Request('http://localhost/')), null);
  },

  async 'rooms.getPresence'() {
    assert.deepEqual(await db.rooms.getPresence('chat', id()), {});
  },
};

/** Every method that the package shows, by the name a stop has. */
function publicMethods() {
  const found = ['init', 'init_experimental'];
  const objects = { '': db, 'auth.': db.auth, 'rooms.': db.rooms, 'storage.': db.storage };
  objects['streams.'] = db.streams;
  objects['webhooks.'] = db.webhooks;
  for (const [prefix, object] of Object.entries(objects)) {
    const shown = [...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))];
    for (const name of shown)
      if (name !== 'constructor' && typeof object[name] === 'function') found.push(prefix + name);
  }
  return found.filter((name) => name !== 'tx');
}

for (const [method, stop] of Object.entries(stops)) {
  let error = null;
  try {
    await stop();
  } catch (problem) {
    error = problem.stack ?? String(problem);
  }
  say({ method, error });
}
say({ methods: publicMethods() });
process.exit(0);
