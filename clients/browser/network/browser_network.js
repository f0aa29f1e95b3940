// Whether this device is online, as its browser says.

/** @returns {import('../client.js').Network} */
export function browserNetwork() {
  return {
    isOnline: () => globalThis.navigator?.onLine ?? true,
    listen: (told) => {
      if (typeof addEventListener !== 'function') return () => {};
      const [online, offline] = [() => told(true), () => told(false)];
      addEventListener('online', online);
      addEventListener('offline', offline);
      return () => {
        removeEventListener('online', online);
        removeEventListener('offline', offline);
      };
    },
  };
}
