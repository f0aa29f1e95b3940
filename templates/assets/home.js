// The button of the first page: makes a backend and lets two people use it, in two frames.

import { createApp } from './backend.js';

const $ = (id) => document.getElementById(id);

$('create').addEventListener('click', async () => {
  $('create').disabled = true;
  $('refused').hidden = true;
  const started = performance.now();
  try {
    show(await createApp('Made on the first page'), performance.now() - started);
  } catch (error) {
    $('refused').textContent = error.message;
    $('refused').hidden = false;
  } finally {
    $('create').disabled = false;
  }
});

function show({ app, expires_ms: expires }, tookMs) {
  $('took').textContent = `Made in ${Math.round(tookMs)} ms.`;
  $('create').textContent = 'Create another';
  $('app-id').textContent = app.id;
  $('admin-token').textContent = app['admin-token'];
  $('lives-until').textContent = new Date(expires).toLocaleDateString(undefined, { dateStyle: 'long' });
  $('created').hidden = false;
  for (const demo of document.querySelectorAll('.demo')) fill(demo, app.id);
}

function fill(demo, appId) {
  demo.querySelector('.panes').hidden = false;
  demo.querySelector('.panes-wait').hidden = true;
  for (const frame of demo.querySelectorAll('iframe')) {
    const query = new URLSearchParams({ app: appId, pane: frame.dataset.pane });
    frame.src = `/recipes/${demo.dataset.recipe}?${query}`;
  }
}
