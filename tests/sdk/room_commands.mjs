// Rooms of the published @instantdb/core, for core_driver.mjs. A `visit` is one client in one room,
// from `enterRoom` to `leaveRoom`; what its callbacks are given is told as events of the visit.

export function roomCommands({ clientNamed, say, now }) {
  const visits = new Map();

  /** A slice without what the SDK adds to each peer's presence. */
  const said = (peers) =>
    Object.fromEntries(
      Object.entries(peers).map(([id, { peerId, ...presence }]) => [id, presence]),
    );

  return {
    enterRoom({ client, visit, room, data, topics }) {
      const db = clientNamed(client);
      const handle = db.joinRoom('room', room, { initialPresence: data });
      const stops = topics.map((topic) =>
        handle.subscribeTopic(topic, (message, peer) =>
          say({ event: 'topic', visit, topic, message, at: now() }),
        ),
      );
      stops.push(
        handle.subscribePresence({}, ({ peers, isLoading, error }) => {
          const session = db._reactor._sessionId;
          say({ event: 'presence', visit, session, peers: said(peers), isLoading, error });
        }),
      );
      visits.set(visit, { handle, stops });
      return {};
    },

    leaveRoom({ visit }) {
      for (const stop of visits.get(visit).stops) stop();
      visits.delete(visit);
      return {};
    },

    /** Publish presence; JSON has no `undefined`, so keys to be removed come by name. */
    publishPresence({ visit, data, without }) {
      const removed = Object.fromEntries(without.map((key) => [key, undefined]));
      visits.get(visit).handle.publishPresence({ ...data, ...removed });
      return {};
    },

    publishTopic({ visit, topic, message }) {
      visits.get(visit).handle.publishTopic(topic, message);
      return {};
    },
  };
}
