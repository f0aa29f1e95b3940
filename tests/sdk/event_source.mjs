// An EventSource for Node, as the React packages bring one: the SDK is given it and falls back to
// server-sent events where it cannot open a WebSocket. Like a browser's it reads `data:` lines;
// unlike one it never connects again by itself, because the SDK does that.

export class EventSourceOfNode {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;

  constructor(url) {
    this.url = url;
    this.readyState = EventSourceOfNode.CONNECTING;
    this.aborter = new AbortController();
    this.read().then(
      () => this.fail(),
      () => this.fail(),
    );
  }

  async read() {
    const response = await fetch(this.url, {
      headers: { accept: 'text/event-stream' },
      signal: this.aborter.signal,
    });
    const type = response.headers.get('content-type') ?? '';
    if (response.status !== 200 || !type.startsWith('text/event-stream')) return;
    this.readyState = EventSourceOfNode.OPEN;
    let text = '';
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const events = text.split('\n\n');
      text = events.pop();
      for (const event of events) this.tell(event);
    }
  }

  tell(event) {
    const lines = event.split('\n').filter((line) => line.startsWith('data:'));
    if (lines.length && this.readyState === EventSourceOfNode.OPEN) {
      this.onmessage?.({ data: lines.map((line) => line.slice(5).trimStart()).join('\n') });
    }
  }

  fail() {
    if (this.readyState === EventSourceOfNode.CLOSED) return;
    this.readyState = EventSourceOfNode.CLOSED;
    this.onerror?.({});
  }

  close() {
    this.readyState = EventSourceOfNode.CLOSED;
    this.aborter.abort();
  }
}
