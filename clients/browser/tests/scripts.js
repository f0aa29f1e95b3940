// What a page does in the recorded conversations.

import { testId } from './harness.js';

const [milk, bread, ann] = [testId(901), testId(902), testId(903)];
const TODOS = { todos: {} };
const begin = [['start', {}], ['opened']];

export const SCRIPTS = {
  todo: [
    ...begin,
    ['subscribe', 'todos', TODOS],
    [
      'subscribe',
      'open',
      { todos: { $: { where: { done: false }, limit: 1, order: { serverCreatedAt: 'desc' } } } },
    ],
    ['transact', 'add', [['todos', milk, ['update', { text: 'milk', done: false }]]]],
    [
      'transact',
      'more',
      [
        ['todos', bread, ['update', { text: 'bread', done: false }]],
        ['lists', ann, ['link', { todos: bread }]],
      ],
    ],
    [
      'transact',
      'done',
      [['todos', milk, ['update', { done: true }], ['merge', { meta: { how: 'oat' } }]]],
    ],
    ['subscribe', 'nested', { lists: { todos: {} } }],
    ['once', 'now', { todos: { $: { where: { text: { $in: ['milk'] } } } } }],
    ['unsubscribe', 'open'],
    ['transact', 'gone', [['todos', bread, ['delete']]]],
  ],
  refused: [
    ...begin,
    ['subscribe', 'todos', TODOS],
    ['transact', 'add', [['todos', milk, ['create', { text: 'milk' }]]]],
    ['transact', 'again', [['todos', milk, ['create', { text: 'twice' }]]]],
    ['transact', 'system', [['$users', ann, ['update', { email: 'ann@example.com' }]]]],
    ['subscribe', 'bad', { todos: { $: { limit: -1 } } }],
    ['once', 'worse', { todos: { $: { where: { text: { $like: 1 } } } } }],
  ],
  reconnect: [
    ...begin,
    ['subscribe', 'todos', TODOS],
    ['transact', 'online', [['todos', milk, ['update', { text: 'milk' }]]]],
    ['lost'],
    ['transact', 'offline', [['todos', milk, ['update', { text: 'oat milk' }]]]],
    ['transact', 'too', [['todos', bread, ['update', { text: 'bread', done: true }]]]],
    ['opened'],
  ],
  rooms: [
    ...begin,
    ['join', 'r1', { name: 'ann' }],
    ['presence', 'r1', { typing: true }],
    ['say', 'r1', { emoji: 'wave' }],
    ['lost'],
    ['opened'],
    ['leave', 'r1'],
  ],
};
