// The floor, twice: a WebSocket server without an engine. Prints its port.
//
// - /<room>: every frame goes, as it is, to the other sockets with the same path.
// - /runtime/session: just enough of the protocol for the published SDK to be in a room. Nothing is
//   checked, merged or remembered beyond what everybody said last.

import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(process.argv[2])('ws');
const rooms = new Map();

function roomOf(name) {
  if (!rooms.has(name)) rooms.set(name, new Map());
  return rooms.get(name);
}

function relayFrames(socket, room) {
  room.set(socket, null);
  socket.on('message', (data) => {
    const text = data.toString();
    for (const other of room.keys()) if (other !== socket) other.send(text);
  });
  socket.on('close', () => room.delete(socket));
}

function speakProtocol(socket, id) {
  const say = (op, fields) => socket.send(JSON.stringify({ op, ...fields }));
  let room = new Map();
  const tellOthers = (roomId, edit) => {
    const text = JSON.stringify({ op: 'patch-presence', 'room-id': roomId, edits: [edit] });
    for (const other of room.keys()) if (other !== socket) other.send(text);
  };
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    const reply = { 'client-event-id': message['client-event-id'], 'room-id': message['room-id'] };
    switch (message.op) {
      case 'init':
        say('init-ok', { ...reply, 'session-id': id, attrs: [], auth: {} });
        break;
      case 'join-room': {
        room = roomOf(`sdk ${message['room-id']}`);
        room.set(socket, { id, data: message.data });
        const everybody = [...room.values()].map((entry) => [entry.id, { data: entry.data }]);
        say('join-room-ok', reply);
        say('refresh-presence', { ...reply, data: Object.fromEntries(everybody) });
        tellOthers(message['room-id'], [[id], '+', { data: message.data }]);
        break;
      }
      case 'set-presence':
        room.get(socket).data = message.data;
        say('set-presence-ok', reply);
        tellOthers(message['room-id'], [[id, 'data'], 'r', message.data]);
    }
  });
  socket.on('close', () => room.delete(socket));
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
let sockets = 0;
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket, request) => {
  if (request.url.startsWith('/runtime/session')) speakProtocol(socket, `session-${sockets++}`);
  else relayFrames(socket, roomOf(request.url));
});
process.stdin.resume().on('end', () => process.exit(0));
