// A program in TypeScript against the types of the browser client: what must compile, and what must
// not. `test_types.py` compiles it.

import { html, id, init, lookup, type Config, type QueryState } from '../../clients/browser/types/instant.js';

const config: Config = { appId: id(), apiURI: 'http://localhost:8888', storageName: 'mine' };
const db = init(config);

const stop: () => void = db.subscribeQuery({ todos: { $: { limit: 1 } } }, (state: QueryState) => {
  if (state.error) console.error(state.error.message, state.error.hint);
  else console.log(state.data.todos, state.pageInfo, state.isStored);
});
stop();

async function write(): Promise<'synced' | 'enqueued'> {
  const todo = db.tx.todos[lookup('slug', 'milk')].update({ done: true }).link({ owner: id() });
  const { status } = await db.transact([todo, db.tx.todos[id()].delete()]);
  return status;
}

const room = db.joinRoom('chat', 'one', { initialPresence: { name: 'Ann' } });
room.publishTopic('said', { text: 'hi' });
const typing = room.typing('typing', (peers) => console.log(peers.length));
typing.key();

db.live(document.body, { todos: {} }, ({ data }) => html`<p>${data?.todos.length}</p>`);
db.subscribeInfiniteQuery({ todos: {} }, () => {}).loadNextPage();
db.subscribeAuth(({ user, isLoading }) => console.log(user?.id, isLoading));
db.subscribeConnectionStatus((status) => console.log(status === 'authenticated'));
void write().then(() => db.shutdown());

// @ts-expect-error an app has an id
init({});
// @ts-expect-error a listener is needed
db.subscribeQuery({ todos: {} });
// @ts-expect-error there is no such status
db.subscribeConnectionStatus((status) => status === 'sleeping');
