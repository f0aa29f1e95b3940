// A live query bound to an element, for pages without a framework: whenever the answer changes,
// `render` says what should be there, and only what differs is touched, so that focus, selection
// and what is being typed stay. `html` escapes whatever is put into it. Children with a `data-key` are
// recognised when they move.

const ESCAPES = /** @type {Record<string, string>} */ ({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
});

/** A text that is markup already. */
class Markup extends String {}

/**
 * @param {TemplateStringsArray} texts
 * @param {any[]} values lists are joined; the rest is escaped
 */
export function html(texts, ...values) {
  const parts = texts.map((text, at) => (at ? escaped(values[at - 1]) : '') + text);
  return new Markup(parts.join(''));
}

/** @param {any} value @returns {string} */
function escaped(value) {
  if (value instanceof Markup) return String(value);
  if (Array.isArray(value)) return value.map(escaped).join('');
  return String(value ?? '').replace(/[&<>"']/g, (char) => ESCAPES[char]);
}

/**
 * @param {Element} element
 * @param {(listener: (state: any) => void) => () => void} subscribe
 * @param {(state: any) => Markup | string} render a text that is no `html` is shown as text
 * @returns {() => void} stop
 */
export function live(element, subscribe, render) {
  const show = (/** @type {any} */ state) => {
    const template = document.createElement('template');
    template.innerHTML = escaped(render(state));
    morph(element, template.content);
  };
  show({ isLoading: true, data: undefined, error: undefined });
  return subscribe((state) => show({ isLoading: false, ...state }));
}

/** Make the children of one node like those of another. @param {Node} old @param {Node} wanted */
function morph(old, wanted) {
  const byKey = new Map([...old.childNodes].map((node) => [keyOf(node), node]));
  let at = old.firstChild;
  for (const next of [...wanted.childNodes]) {
    const known = keyOf(next) === undefined ? at : byKey.get(keyOf(next));
    const node = known && isAlike(known, next) ? update(known, next) : next;
    if (node === at) at = at?.nextSibling ?? null;
    else old.insertBefore(node, at);
  }
  while (at) {
    const rest = at;
    at = at.nextSibling;
    rest.parentNode?.removeChild(rest);
  }
}

/** @param {Node} node @returns {string | undefined} */
function keyOf(node) {
  return node instanceof HTMLElement ? node.dataset.key : undefined;
}

/** @param {Node} left @param {Node} right */
function isAlike(left, right) {
  return left.nodeName === right.nodeName && keyOf(left) === keyOf(right);
}

/** @param {Node} node @param {Node} wanted @returns {Node} the old node, changed */
function update(node, wanted) {
  if (!(node instanceof Element) || !(wanted instanceof Element)) {
    if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
    return node;
  }
  for (const { name } of [...node.attributes])
    if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  if (node instanceof HTMLInputElement) node.checked = node.hasAttribute('checked');
  morph(node, wanted);
  return node;
}
