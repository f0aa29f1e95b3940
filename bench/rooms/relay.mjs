// The floor: a WebSocket server that knows nothing. Every frame goes, as it is, to the other sockets
// with the same path. Prints its port.

import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(process.argv[2])('ws');
const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket, request) => {
  const others = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, others.add(socket));
  socket.on('message', (data) => {
    const text = data.toString();
    for (const other of others) if (other !== socket) other.send(text);
  });
  socket.on('close', () => others.delete(socket));
});
process.stdin.resume().on('end', () => process.exit(0));
