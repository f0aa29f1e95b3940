// Runs the published @instantdb/core in this process and lets Python drive it: one JSON command
// a line on stdin, one JSON answer or event a line on stdout. The SDK is not changed in any way;
// what a browser would give it (a WebSocket, storage, network state) is given here, and the
// WebSocket also writes down every frame, so that tests can look at what really crossed the wire.
//
//   {"id": 1, "do": "subscribe", ...}  →  {"id": 1, "ok": ...} or {"id": 1, "error": {...}}
//   events: {"event": "answer" | "status" | "frame", ..., "at": "<CLOCK_MONOTONIC ns>"}

import { createInterface } from 'node:readline';
import WebSocketFromNpm from 'ws';
import { EventSourceOfNode } from './event_source.mjs';
import { roomCommands } from './room_commands.mjs';

const now = () => process.hrtime.bigint().toString();
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

const frames = [];
let recording = true;
let watchingTxIds = false;
const newestTxIds = new Map(); // client and query → the newest processed-tx-id it was told
const backwards = [];

function noteTxIds(client, message) {
  const queries = (message.computations ?? []).map((each) => each['instaql-query']);
  if (message.op === 'add-query-ok') queries.push(message.q);
  for (const query of queries) {
    const key = JSON.stringify([client, query]);
    const txId = message['processed-tx-id'];
    if (txId < (newestTxIds.get(key) ?? 0)) backwards.push([key, txId]);
    newestTxIds.set(key, txId);
  }
}
let arrived = now(); // when the newest frame came; the SDK answers to it before the next one

/** The network: records frames, and can be cut, paused or made to lose one reply. */
class ObservedWebSocket extends WebSocketFromNpm {
  constructor(url) {
    super(url);
    this.app = new URL(url).searchParams.get('app_id');
  }

  get client() {
    return clientUsing(this);
  }

  send(text, ...rest) {
    this.note('out', text);
    return super.send(text, ...rest);
  }

  emit(event, payload, ...rest) {
    if (event === 'message') {
      arrived = now();
      const text = payload.toString();
      this.note('in', text);
      if (this.losesReply !== undefined && JSON.parse(text).op === this.losesReply) {
        this.terminate();
        say({ event: 'lost', client: this.client, op: this.losesReply, at: now() });
        return true;
      }
    }
    return super.emit(event, payload, ...rest);
  }

  note(direction, text) {
    if (direction === 'in' && watchingTxIds) noteTxIds(this.client, JSON.parse(text));
    if (recording) {
      frames.push({ client: this.client, app: this.app, direction, text: String(text) });
    }
  }
}

globalThis.WebSocket = ObservedWebSocket;
globalThis.chrome = {}; // the SDK stays silent where it believes to run on a server
const core = await import('@instantdb/core');

/** What a browser tab keeps: it survives a reload, that is, a second `open` of the same tab. */
const tabs = new Map();

function storageOf(tab) {
  if (!tabs.has(tab)) tabs.set(tab, new Map());
  const stores = tabs.get(tab);
  return class TabStorage extends core.StoreInterface {
    constructor(appId, name) {
      super(appId, name);
      const key = `${appId}/${name}`;
      if (!stores.has(key)) stores.set(key, new Map());
      this.items = stores.get(key);
    }
    async getItem(key) {
      return this.items.get(key) ?? null;
    }
    async setItem(key, value) {
      this.items.set(key, structuredClone(value));
    }
    async multiSet(pairs) {
      for (const [key, value] of pairs) await this.setItem(key, value);
    }
    async removeItem(key) {
      this.items.delete(key);
    }
    async getAllKeys() {
      return [...this.items.keys()];
    }
  };
}

const alwaysOnline = { getIsOnline: async () => true, listen: () => () => {} };

const clients = new Map();
const subscriptions = new Map();

const clientNamed = (name) => {
  if (!clients.has(name)) throw new Error(`no client is called ${name}`);
  return clients.get(name);
};
// The SDK has no public way to its socket; this only reads, for naming frames and cutting lines.
const socketOf = (name) => clientNamed(name)._reactor._transport.conn;

function clientUsing(socket) {
  for (const [name, db] of clients) if (db._reactor._transport?.conn === socket) return name;
  return null;
}

function chunkFrom([etype, target, actions]) {
  const id = Array.isArray(target) ? core.lookup(target[0], target[1]) : target;
  return actions.reduce(
    (chunk, [action, args, options]) => chunk[action](args, options),
    core.tx[etype][id],
  );
}

const commands = {
  ...roomCommands({ clientNamed, say, now }),

  open({ client, app, api, websocket, tab, adminToken, eventStream }) {
    const db = core.init(
      {
        appId: app,
        apiURI: api,
        websocketURI: websocket,
        __extraDedupeKey: client,
        __adminToken: adminToken,
      },
      storageOf(tab ?? client),
      alwaysOnline,
      undefined,
      eventStream ? EventSourceOfNode : undefined,
    );
    clients.set(client, db);
    db.subscribeConnectionStatus((status) => say({ event: 'status', client, status, at: now() }));
    return { version: core.version };
  },

  close({ client }) {
    clientNamed(client).shutdown();
    clients.delete(client);
    return {};
  },

  subscribe({ client, subscription, query }) {
    const stop = clientNamed(client).subscribeQuery(query, (answer) =>
      say({ event: 'answer', subscription, answer, arrived, at: now() }),
    );
    subscriptions.set(subscription, stop);
    return {};
  },

  unsubscribe({ subscription }) {
    subscriptions.get(subscription)();
    subscriptions.delete(subscription);
    return {};
  },

  async transact({ client, chunks }) {
    const sent = now();
    const result = await clientNamed(client).transact(chunks.map(chunkFrom));
    return { ...result, sent, confirmed: now() };
  },

  async queryOnce({ client, query }) {
    return await clientNamed(client).queryOnce(query);
  },

  async auth({ client, method, args }) {
    return (await clientNamed(client).auth[method](...args)) ?? null;
  },

  async getAuth({ client }) {
    return await clientNamed(client).getAuth();
  },

  watchAuth({ client }) {
    clientNamed(client).subscribeAuth((auth) => say({ event: 'auth', client, auth, at: now() }));
    return {};
  },

  cut({ client }) {
    socketOf(client).terminate();
    return {};
  },

  loseNextReply({ client, op }) {
    socketOf(client).losesReply = op;
    return {};
  },

  pause({ client }) {
    socketOf(client).pause();
    return {};
  },

  resume({ client }) {
    socketOf(client).resume();
    return {};
  },

  record({ on }) {
    recording = on;
    return {};
  },

  watchTxIds() {
    watchingTxIds = true;
    return {};
  },

  txIds() {
    return { watched: newestTxIds.size, backwards };
  },

  frames({ client }) {
    return frames.filter((frame) => client === undefined || frame.client === client);
  },
};

const fieldsOf = (error) => ({
  message: error?.message ?? String(error),
  hint: error?.hint,
  type: error?.type ?? error?.body?.type,
});

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, do: name, ...fields } = JSON.parse(line);
  try {
    say({ id, ok: await commands[name](fields) });
  } catch (error) {
    say({ id, error: fieldsOf(error) });
  }
});
process.stdin.on('end', () => process.exit(0));
say({ event: 'ready', version: core.version });
