import assert from 'node:assert/strict';
import test from 'node:test';
import { html } from '../live.js';

test('whatever is put into markup stays inside of its text or attribute', () => {
  const text = `<b> & "it's"`;
  const escaped = '&lt;b&gt; &amp; &quot;it&#39;s&quot;';
  assert.equal(String(html`<a title='${text}'>${text}</a>`), `<a title='${escaped}'>${escaped}</a>`);
});

test('markup inside of markup stays, lists are joined, and nothing shows as nothing', () => {
  assert.equal(String(html`<p>${[html`<b>1</b>`, 2]}${null}</p>`), '<p><b>1</b>2</p>');
});
