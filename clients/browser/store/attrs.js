// The attrs of an app as a value: found by id, by the two names of a link, and by etype.
// Spec: instaql.md §1.1. Nothing here is ever changed; `with` and `without` give new catalogs.

/**
 * @typedef {[string, string, string]} Identity ident id, etype, label
 * @typedef {{
 *   id: string,
 *   'forward-identity': Identity,
 *   'reverse-identity'?: Identity,
 *   'value-type': 'blob' | 'ref',
 *   cardinality: 'one' | 'many',
 *   'unique?'?: boolean,
 *   'index?'?: boolean,
 *   'checked-data-type'?: 'string' | 'number' | 'boolean' | 'date',
 *   'on-delete'?: 'cascade',
 *   'on-delete-reverse'?: 'cascade',
 *   isUnsynced?: boolean,
 * }} Attr
 * @typedef {{attr: Attr, isForward: boolean, etype: string}} Found an attr, seen from one of its
 *   sides, and the etype on the other
 */

/** The catalog. */
export class Attrs {
  /** @param {Iterable<Attr>} attrs */
  constructor(attrs = []) {
    /** @type {Map<string, Attr>} */
    this.byId = new Map();
    /** @type {Map<string, Map<string, Attr>>} */
    this.forwards = new Map();
    /** @type {Map<string, Map<string, Attr>>} */
    this.reverses = new Map();
    for (const attr of attrs) {
      this.byId.set(attr.id, attr);
      nameAttr(this.forwards, attr['forward-identity'], attr);
      if (attr['reverse-identity']) nameAttr(this.reverses, attr['reverse-identity'], attr);
    }
  }

  /** @param {string} id */
  get(id) {
    return this.byId.get(id);
  }

  /** @param {string} etype @param {string} label */
  forward(etype, label) {
    return this.forwards.get(etype)?.get(label);
  }

  /** @param {string} etype */
  idAttr(etype) {
    return this.forward(etype, 'id');
  }

  /**
   * What a label means in an etype: its own attr first, then a link that leads here.
   * @param {string} etype
   * @param {string} label
   * @returns {Found | undefined}
   */
  find(etype, label) {
    const forward = this.forward(etype, label);
    if (forward) {
      return { attr: forward, isForward: true, etype: forward['reverse-identity']?.[1] ?? '' };
    }
    const reverse = this.reverses.get(etype)?.get(label);
    return reverse && { attr: reverse, isForward: false, etype: reverse['forward-identity'][1] };
  }

  /**
   * The labels of the properties of an etype, by attr id; only the named ones (and `id`) if given.
   * @param {string} etype
   * @param {string[]} [fields]
   * @returns {Map<string, string>}
   */
  properties(etype, fields) {
    const found = new Map();
    this.forwards.get(etype)?.forEach((attr, label) => {
      const isWanted = !fields || label === 'id' || fields.includes(label);
      if (attr['value-type'] === 'blob' && isWanted) found.set(attr.id, label);
    });
    return found;
  }

  /** @param {Attr[]} attrs added; one with a known id replaces the old one */
  with(attrs) {
    const byId = new Map(this.byId);
    for (const attr of attrs) byId.set(attr.id, attr);
    return new Attrs(byId.values());
  }

  /** @param {string} id */
  without(id) {
    return new Attrs([...this.byId.values()].filter((attr) => attr.id !== id));
  }

  toJSON() {
    return [...this.byId.values()];
  }
}

/**
 * @param {Map<string, Map<string, Attr>>} names
 * @param {Identity} identity
 * @param {Attr} attr
 */
function nameAttr(names, [, etype, label], attr) {
  const labels = names.get(etype) ?? new Map();
  names.set(etype, labels.set(label, attr));
}
