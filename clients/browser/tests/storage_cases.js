// What every storage promises. Node runs these cases over memory, a browser over IndexedDB, so they
// import nothing: each gets an empty storage and returns what is to be compared.

export const CASES = {
  'what was put can be got': async (storage) => {
    await storage.put('kv', 'user', { id: 'u', nested: [1, { a: null }] });
    return [await storage.get('kv', 'user'), { id: 'u', nested: [1, { a: null }] }];
  },
  'what was not put is undefined': async (storage) => [
    await storage.get('kv', 'nothing'),
    undefined,
  ],
  'a second value takes the place of the first': async (storage) => {
    await storage.put('kv', 'a', 1);
    await storage.put('kv', 'a', 2);
    return [await storage.get('kv', 'a'), 2];
  },
  'a stored value is not the one that was given': async (storage) => {
    const value = { list: [1] };
    await storage.put('kv', 'a', value);
    value.list.push(2);
    return [await storage.get('kv', 'a'), { list: [1] }];
  },
  'stores are apart': async (storage) => {
    await storage.put('pending', 'a', 1);
    return [
      [await storage.get('kv', 'a'), await storage.all('pending')],
      [undefined, [1]],
    ];
  },
  'what was deleted is gone': async (storage) => {
    await storage.put('pending', 'a', 1);
    await storage.put('pending', 'b', 2);
    await storage.delete('pending', 'a');
    await storage.delete('pending', 'never there');
    return [await storage.all('pending'), [2]];
  },
  'clearing forgets what belongs to a user, and nothing else': async (storage) => {
    await storage.put('kv', 'user', { id: 'u' });
    await storage.put('kv', 'localId x', 'kept');
    await storage.put('pending', 'a', 1);
    await storage.put('queries', 'q', { triples: [] });
    await storage.clear();
    const left = [
      await storage.get('kv', 'user'),
      await storage.get('kv', 'localId x'),
      await storage.all('pending'),
      await storage.all('queries'),
    ];
    return [left, [undefined, 'kept', [], []]];
  },
};
