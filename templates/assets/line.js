// What a recipe's network is like: a switch takes it offline, a slider slows it down. Both act on
// this page alone, and last over a reload.

const STATUS = {
  connecting: 'connecting',
  opened: 'connecting',
  authenticated: 'online',
  errored: 'refused',
  closed: 'offline',
};

/**
 * Puts the switch and the slider on top of the page.
 * @returns {{network: object, WebSocket: typeof WebSocket, show: (db: any) => void}} for `init`
 */
export function line({ pane }) {
  const bar = document.createElement('div');
  bar.className = 'line';
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Network');
  bar.innerHTML = `
    <label><input type="checkbox" name="offline"> Offline</label>
    <label>Slow <input type="range" name="delay" min="0" max="2000" step="100" value="0"></label>
    <output aria-live="polite">connecting</output>`;
  document.body.prepend(bar);
  const [offline, delay] = [bar.querySelector('[name=offline]'), bar.querySelector('[name=delay]')];
  remember(offline, `${pane} offline`, 'checked');
  remember(delay, `${pane} delay`, 'value');
  return {
    network: {
      isOnline: () => !offline.checked,
      listen: (told) => {
        const tell = () => told(!offline.checked);
        offline.addEventListener('change', tell);
        return () => offline.removeEventListener('change', tell);
      },
    },
    WebSocket: slowSocket(() => Number(delay.value)),
    show: (db) => showStatus(bar.querySelector('output'), db),
  };
}

function remember(input, key, property) {
  const stored = sessionStorage.getItem(key);
  if (stored !== null) input[property] = property === 'checked' ? stored === 'true' : stored;
  input.addEventListener('change', () => sessionStorage.setItem(key, input[property]));
}

function showStatus(output, db) {
  db.subscribeConnectionStatus((status) => {
    output.dataset.status = status;
    output.textContent = STATUS[status];
  });
}

/** A WebSocket whose messages take longer, in both directions and without overtaking. */
function slowSocket(delayMs) {
  return class SlowSocket extends WebSocket {
    #lastOut = 0;
    #lastIn = 0;

    send(text) {
      this.#lastOut = later(this.#lastOut, delayMs(), () => {
        if (this.readyState === WebSocket.OPEN) super.send(text);
      });
    }

    set onmessage(listener) {
      super.onmessage = (event) => {
        this.#lastIn = later(this.#lastIn, delayMs(), () => listener(event));
      };
    }
  };
}

function later(notBefore, delayMs, run) {
  const at = Math.max(notBefore, performance.now() + delayMs);
  if (delayMs === 0 && at <= performance.now()) run();
  else setTimeout(run, at - performance.now());
  return at;
}
