// Records what a Reactor and a real server say to each other, for `conversations.test.mjs`:
//
//   node record.mjs http://localhost:8888 <folder with the package ws> todo refused reconnect rooms
//
// Needed only when the protocol changes; the recordings are part of the repository.

import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Harness } from './harness.js';
import { SCRIPTS } from './scripts.js';

const [api, modules, ...names] = process.argv.slice(2);
const WebSocket = createRequire(`${modules}/`)('ws');
const QUIET_MS = 400;

async function newApp() {
  const answer = await fetch(`${api}/dash/apps/ephemeral`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'recorded' }),
  });
  return (await answer.json()).app.id;
}

class Recording {
  constructor(appId) {
    this.appId = appId;
    const firstId = Math.floor(Math.random() * 1e11) * 10; // attr ids are unique over all apps
    this.records = [{ options: { appId, firstId } }];
    this.harness = new Harness({ appId, firstId });
    this.lastWord = Date.now();
  }

  note(record) {
    this.records.push(record);
    this.lastWord = Date.now();
  }

  flush() {
    for (const message of this.harness.sent()) {
      this.note({ sent: message });
      this.socket?.send(JSON.stringify(message));
    }
  }

  async act(step) {
    if (step[0] === 'lost') this.socket.terminate();
    if (step[0] === 'opened') await this.open();
    this.note({ act: step });
    this.harness.act(step);
    this.flush();
    while (Date.now() - this.lastWord < QUIET_MS) await new Promise((r) => setTimeout(r, 20));
  }

  async open() {
    this.socket = new WebSocket(
      `${api.replace('http', 'ws')}/runtime/session?app_id=${this.appId}`,
    );
    await new Promise((resolve) => this.socket.on('open', resolve));
    this.socket.on('message', (text) => {
      const frame = JSON.parse(text);
      this.note({ received: frame });
      this.harness.reactor.received(frame);
      this.flush();
    });
  }
}

for (const name of names) {
  const recording = new Recording(await newApp());
  for (const step of SCRIPTS[name]) await recording.act(step);
  recording.socket.terminate();
  const { shown, settled } = recording.harness;
  const lines = [...recording.records, { end: { shown, settled } }].map((one) =>
    JSON.stringify(one),
  );
  await writeFile(new URL(`conversations/${name}.jsonl`, import.meta.url), `${lines.join('\n')}\n`);
}
