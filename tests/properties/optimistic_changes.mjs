// Random changes to the world of `test_optimistic.py`, and what they leave behind unseen.

import { lookup, tx } from '../../clients/browser/instant.js';

export const ETYPES = ['people', 'posts', 'tags'];
const METAS = [{ a: 1 }, { a: { b: 2 } }, { a: [], c: [1] }, { a: null }, { a: { b: null } }];
const VALUES = {
  people: {
    name: ['Ann', 'bob', 'Çem', null],
    age: [10, 20, 30, null],
    email: ['a@x', 'b@x', 'c@x', null],
  },
  posts: { title: ['a', 'b', 'ab', ''], meta: [...METAS, null, 'text'] },
  tags: { word: ['red', 'blue'] },
};
const LINKS = {
  people: { posts: 'posts', boss: 'people', reports: 'people' },
  posts: { author: 'people', tags: 'tags', parts: 'posts', whole: 'posts' },
  tags: { posts: 'posts', parent: 'tags', children: 'tags' },
};
const IDS_OF_ETYPE = 5;

/** @typedef {{what: string, chunk: any, named: [string, string][]}} Change named: etype and target */

export class Changes {
  /** @param {(below: number) => number} random @param {string} appId whose ids are its own */
  constructor(random, appId) {
    this.random = random;
    this.appId = appId;
  }

  any(list) {
    return list[this.random(list.length)];
  }

  anId(etype) {
    const number = this.random(IDS_OF_ETYPE).toString(16).padStart(2, '0');
    return `00000000-0000-4000-8000-${ETYPES.indexOf(etype)}${this.appId.slice(-9)}${number}`;
  }

  /**
   * Up to four changes that are written together.
   *
   * Only what is there is looked up: a server makes ids of its own for new entities that are
   * looked up, so that nobody can guess them.
   * @param {Record<string, any[]>} there the entities by etype
   * @returns {Change[]}
   */
  transaction(there) {
    const emails = there.people.map(({ email }) => email).filter(Boolean);
    return Array.from({ length: 1 + this.random(4) }, () => this.change(emails));
  }

  /** @param {string[]} emails @returns {Change} */
  change(emails) {
    const etype = this.any(ETYPES);
    const id = this.target(etype, emails);
    const chunk = tx[etype][id];
    const values = this.values(etype);
    const named = [[etype, id]];
    switch (this.random(9)) {
      case 0:
        return { what: 'create', chunk: chunk.create(values), named };
      case 1:
        return { what: 'merge', chunk: chunk.merge(values), named };
      case 2:
        return { what: 'delete', chunk: chunk.delete(), named };
      case 3:
      case 4:
        return { what: 'update', chunk: chunk.update(values, this.options()), named };
      default:
        return this.link(etype, id, chunk, emails, values);
    }
  }

  /** @param {string} etype @param {string[]} emails an id, or a lookup */
  target(etype, emails) {
    const isLookup = etype === 'people' && emails.length && this.random(4) === 0;
    return isLookup ? lookup('email', this.any(emails)) : this.anId(etype);
  }

  /** @returns {Change} */
  link(etype, id, chunk, emails, values) {
    const label = this.any(Object.keys(LINKS[etype]));
    const far = LINKS[etype][label];
    const target = this.target(far, emails);
    const named = [
      [etype, id],
      [far, target],
    ];
    switch (this.random(4)) {
      case 0:
        return { what: 'unlink', chunk: chunk.unlink({ [label]: target }), named };
      case 1:
        return {
          what: 'update and link',
          chunk: chunk.update(values).link({ [label]: target }),
          named,
        };
      default:
        return { what: 'link', chunk: chunk.link({ [label]: target }), named };
    }
  }

  options() {
    return [undefined, undefined, undefined, { upsert: false }][this.random(4)];
  }

  values(etype) {
    const chosen = Object.entries(VALUES[etype]).filter(() => this.random(2));
    return Object.fromEntries(chosen.map(([label, pool]) => [label, this.any(pool)]));
  }
}

/**
 * Changes that take away what is left of entities that are not there: links that lead to them or
 * from them, and values that are merged into what is deleted (steps of one action are done together).
 * All of it is stored and not sent, so that no client can know of it when the entity is made one day
 * (instaql.md §3.2, R7).
 * @param {Change[]} made
 * @param {Record<string, any[]>} there the entities by etype
 */
export function leftovers(made, there) {
  const named = made.flatMap(({ named }) => named).filter(([etype, id]) => {
    return !id.startsWith('lookup__') && !there[etype].some((one) => one.id === id);
  });
  return named.map(([etype, id]) => tx[etype][id].delete());
}
