// A small app for the tests: people who write posts, with short names for ids.

import { Attrs } from '../store/attrs.js';
import { TripleStore } from '../store/triple_store.js';

let ident = 0;

/** @param {string} etype @param {string} label @param {object} [more] */
export function property(etype, label, more = {}) {
  return {
    id: `${etype}.${label}`,
    'forward-identity': [`i${ident++}`, etype, label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': label === 'id',
    'index?': false,
    ...more,
  };
}

/** @param {string} etype @param {string} label @param {string} far @param {string} back */
export function link(etype, label, far, back, more = {}) {
  return {
    ...property(etype, label),
    'reverse-identity': [`i${ident++}`, far, back],
    'value-type': 'ref',
    cardinality: 'many',
    ...more,
  };
}

export const attrs = new Attrs([
  property('people', 'id'),
  property('people', 'name', { 'checked-data-type': 'string', 'index?': true }),
  property('people', 'email', { 'unique?': true }),
  property('people', 'age', { 'checked-data-type': 'number', 'index?': true }),
  property('people', 'born', { 'checked-data-type': 'date', 'index?': true }),
  property('posts', 'id'),
  property('posts', 'title'),
  property('posts', 'meta'),
  link('posts', 'author', 'people', 'posts', { cardinality: 'one', 'on-delete': 'cascade' }),
  link('posts', 'tags', 'tags', 'posts'),
  property('tags', 'id'),
  property('tags', 'word'),
]);

/**
 * Triples of entities: `entity('people', 'ann', 1, {name: 'Ann'})`; a list is several links.
 * @param {string} etype @param {string} id @param {number} time
 * @param {Record<string, any>} [values]
 */
export function entity(etype, id, time, values = {}) {
  const triples = [[id, `${etype}.id`, id, time]];
  for (const [label, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      triples.push([id, `${etype}.${label}`, one, time]);
    }
  }
  return triples;
}

export const triples = [
  ...entity('people', 'ann', 1, { name: 'Ann', email: 'ann@x', age: 30, born: '1990-01-01' }),
  ...entity('people', 'bob', 2, { name: 'bob', email: 'bob@x', age: null }),
  ...entity('people', 'cem', 3, { name: 'Çem', email: 'cem@x', age: 20, born: 631152000000 }),
  ...entity('posts', 'p1', 4, { title: 'One', author: 'ann', tags: ['red', 'blue'] }),
  ...entity('posts', 'p2', 5, { title: 'Two', author: 'ann', tags: ['red'] }),
  ...entity('posts', 'p3', 6, { title: 'Three', author: 'bob' }),
  ...entity('tags', 'red', 7, { word: 'red' }),
  ...entity('tags', 'blue', 7, { word: 'blue' }),
];

export const world = () => TripleStore.of(attrs, triples);
