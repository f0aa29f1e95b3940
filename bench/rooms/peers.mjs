// The people of bench.rooms: clients that publish at a steady pace and note when the others' words
// reach their callbacks. One JSON command a line on stdin, one JSON answer a line on stdout.
//
//   {"do": "sdk", "who", "app", "http", "ws", "rooms", "peers"}   open clients of the published SDK
//   {"do": "sockets", "who", "ws", "rooms", "peers"}              open bare sockets
//   {"do": "run", "who", "seconds", "rate"}  → {"took": [ms, …], "published": n,
//                                                             "cpu": seconds}

import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const packages = createRequire(process.argv[2]);
const WebSocket = packages('ws');
globalThis.WebSocket = WebSocket;
globalThis.chrome = {}; // the SDK stays silent where it believes to run on a server
const core = await import(pathToFileURL(packages.resolve('@instantdb/core')).href);

/** Storage that remembers nothing; presence is never stored. */
class Forgetful extends core.StoreInterface {
  getItem = async () => null;
  setItem = async () => {};
  multiSet = async () => {};
  removeItem = async () => {};
  getAllKeys = async () => [];
}

const everybody = {}; // by `who`
let took = [];
let isNoting = false;
const now = () => performance.now();
const note = (sentAt) => isNoting && took.push(now() - sentAt);

function opened(db) {
  return new Promise((done) => {
    const stop = db.subscribeConnectionStatus((status) => {
      if (status === 'authenticated') done(stop);
    });
  });
}

/** A client that says `t`, when it published, and sees the `t` of the others. */
async function sdkPeer({ app, http, ws }, room, name) {
  const config = { appId: app, apiURI: http, websocketURI: ws, __extraDedupeKey: name };
  const db = core.init(config, Forgetful, { getIsOnline: async () => true, listen: () => () => {} });
  await opened(db);
  const handle = db.joinRoom('bench', room, { initialPresence: { name, x: 0, y: 0 } });
  const seen = new Map();
  await new Promise((joined) => {
    handle.subscribePresence({ user: false }, ({ peers, isLoading }) => {
      for (const { peerId, t } of Object.values(peers)) {
        if (t !== undefined && seen.get(peerId) !== t) {
          seen.set(peerId, t);
          note(t);
        }
      }
      if (!isLoading) joined();
    });
  });
  return (t) => handle.publishPresence({ x: Math.random(), y: Math.random(), t });
}

function barePeer({ ws }, room, name) {
  const socket = new WebSocket(`${ws}/${room}`, { perMessageDeflate: false });
  socket.on('message', (data) => note(JSON.parse(data.toString()).data.t));
  return new Promise((done) =>
    socket.on('open', () =>
      done((t) => {
        const data = { name, x: Math.random(), y: Math.random(), t };
        socket.send(JSON.stringify({ op: 'set-presence', 'room-id': room, data }));
      }),
    ),
  );
}

async function open(makePeer, options) {
  const { who } = options;
  everybody[who] = [];
  for (let room = 0; room < options.rooms; room++) {
    for (let peer = 0; peer < options.peers; peer++) {
      everybody[who].push(await makePeer(options, `${who}-${room}`, `${who}-${room}-${peer}`));
    }
  }
  return { opened: everybody[who].length };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Everybody publishes `rate` times a second, each at moments of its own. */
async function run({ who, seconds, rate }) {
  took = [];
  isNoting = true;
  let published = 0;
  const before = process.cpuUsage();
  const timers = [];
  for (const publish of everybody[who]) {
    const begin = () =>
      timers.push(
        setInterval(() => {
          published++;
          publish(now());
        }, 1000 / rate),
      );
    timers.push(setTimeout(begin, Math.random() * (1000 / rate)));
  }
  await pause(seconds * 1000);
  timers.forEach(clearInterval);
  await pause(300); // what is under way still arrives
  isNoting = false;
  const { user, system } = process.cpuUsage(before);
  return { took, published, cpu: (user + system) / 1e6 };
}

const commands = {
  sdk: (options) => open(sdkPeer, options),
  sockets: (options) => open(barePeer, options),
  run,
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { do: name, ...options } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await commands[name](options)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
});
process.stdin.on('end', () => process.exit(0));
