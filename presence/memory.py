"""Rooms in the memory of one process.

They are complete where there is one process, and each process's part where there are several:
`presence.redis_rooms` passes on what happens here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from presence import frames
from presence.limits import Limits, not_in_room
from presence.local_room import LocalRoom
from presence.promise import Recipient
from presence.room import Entry, Room, RoomKey


class Watcher(Protocol):
    """Hears what sessions of this process do in rooms, right after it was done here."""

    def opened(self, key: RoomKey, room: LocalRoom) -> None:
        """The first session of this process comes into the room."""

    def changed(self, key: RoomKey, session_id: str) -> None:
        """A session of this process joined, left, or says something else."""

    def emptied(self, key: RoomKey) -> None:
        """The last session of this process has left; the room is forgotten here."""

    def said(self, key: RoomKey, session_id: str, frame: str) -> None:
        """A session of this process broadcast something."""


class NobodyElse:
    """`Watcher` of the only process."""

    def opened(self, key: RoomKey, room: LocalRoom) -> None:
        """Nothing to do."""

    def changed(self, key: RoomKey, session_id: str) -> None:
        """Nothing to do."""

    def emptied(self, key: RoomKey) -> None:
        """Nothing to do."""

    def said(self, key: RoomKey, session_id: str, frame: str) -> None:
        """Nothing to do."""


class MemoryRooms:
    """`Rooms` of one process. `rooms` are those in which a session of this process is."""

    def __init__(
        self, instance_id: str, *, limits: Limits | None = None, watcher: Watcher | None = None
    ) -> None:
        self.rooms: dict[RoomKey, LocalRoom] = {}
        self._instance_id = instance_id
        self._limits = limits or Limits()
        self._watcher = watcher or NobodyElse()
        self._rooms_of: defaultdict[str, set[RoomKey]] = defaultdict(set)
        self._app_sizes: Counter[str] = Counter()

    # -- the promise ---------------------------------------------------------------------------

    def join(
        self,
        app_id: str,
        room_id: str,
        recipient: Recipient,
        user: Mapping[str, Any] | None,
        data: Any,
    ) -> None:
        """See `Rooms.join`."""
        key = RoomKey(app_id, room_id)
        room = self.rooms.get(key)
        if room is not None and recipient.id in room.members:
            room.admit(recipient)
            return
        entry = Entry.of(recipient.id, self._instance_id, user, data)
        self._limits.check_rooms_of_session(len(self._rooms_of.get(recipient.id, ())))
        state = room.state if room is not None else Room()
        self._limits.check_entry(state, entry, self._app_sizes[app_id])
        if room is None:
            room = self.rooms[key] = LocalRoom(room_id)
            self._watcher.opened(key, room)
        self._rooms_of[recipient.id].add(key)
        room.admit(recipient)
        self._update(key, room, room.state.joined(entry), recipient.id)
        self._watcher.changed(key, recipient.id)

    def leave(self, app_id: str, room_id: str, session_id: str) -> None:
        """See `Rooms.leave`."""
        key = RoomKey(app_id, room_id)
        rooms_of_session = self._rooms_of.get(session_id, set())
        if key not in rooms_of_session:
            return
        rooms_of_session.discard(key)
        if not rooms_of_session:
            del self._rooms_of[session_id]
        room = self.rooms[key]
        del room.members[session_id]
        self._update(key, room, room.state.left(session_id), session_id)
        self._watcher.changed(key, session_id)
        if not room.members:
            self._forget(key, room)

    def leave_all(self, session_id: str) -> None:
        """See `Rooms.leave_all`."""
        for key in list(self._rooms_of.get(session_id, ())):
            self.leave(key.app_id, key.room_id, session_id)

    def set_presence(self, app_id: str, room_id: str, session_id: str, data: Any) -> None:
        """See `Rooms.set_presence`."""
        key = RoomKey(app_id, room_id)
        room, former = self._place_of(key, session_id)
        entry = former.saying(data)
        if entry.data_json == former.data_json:
            return
        self._limits.check_entry(room.state, entry, self._app_sizes[app_id])
        self._update(key, room, room.state.said(entry), session_id)
        self._watcher.changed(key, session_id)

    def sign_out(self, session_id: str) -> None:
        """See `Rooms.sign_out`."""
        for key in self._rooms_of.get(session_id, ()):
            room, entry = self._place_of(key, session_id)
            self._update(key, room, room.state.said(entry.signed_out()), session_id)
            self._watcher.changed(key, session_id)

    def broadcast(
        self, app_id: str, room_id: str, session_id: str, topic: str, data: Any
    ) -> dict[str, Any]:
        """See `Rooms.broadcast`."""
        key = RoomKey(app_id, room_id)
        room, entry = self._place_of(key, session_id)
        payload = frames.broadcast_payload(entry, data)
        frame = frames.server_broadcast(room_id, topic, payload)
        self._limits.check_broadcast(frame)
        room.say(session_id, frame)
        self._watcher.said(key, session_id, frame)
        return payload

    async def look(self, app_id: str, room_id: str) -> Mapping[str, Entry]:
        """See `Rooms.look`."""
        room = self.rooms.get(RoomKey(app_id, room_id))
        return {} if room is None else room.state.entries

    async def start(self) -> None:
        """See `Rooms.start`."""

    async def stop(self) -> None:
        """See `Rooms.stop`."""
        for session_id in list(self._rooms_of):
            self.leave_all(session_id)

    # -- what other processes do ---------------------------------------------------------------

    def own_entries(self, key: RoomKey) -> dict[str, Entry]:
        """The entries of this process's sessions in a room."""
        room = self.rooms.get(key)
        if room is None:
            return {}
        return {peer_id: room.state.entries[peer_id] for peer_id in room.members}

    def take_over(self, key: RoomKey, placed: Iterable[Entry], removed: Iterable[str]) -> None:
        """Show what sessions of other processes did; nothing happens if nobody here sees it."""
        room = self.rooms.get(key)
        if room is None:
            return
        new = [entry for entry in placed if entry.peer_id not in room.members]
        gone = [peer_id for peer_id in removed if peer_id not in room.members]
        if new or gone:
            changed = [*(entry.peer_id for entry in new), *gone]
            self._update(key, room, room.state.changed(new, gone), *changed)

    def hear(self, key: RoomKey, sender_id: str, frame: str) -> None:
        """Pass on a broadcast of another process's session."""
        room = self.rooms.get(key)
        if room is not None:
            room.say(sender_id, frame)

    # -- what all of them need -----------------------------------------------------------------

    def _place_of(self, key: RoomKey, session_id: str) -> tuple[LocalRoom, Entry]:
        room = self.rooms.get(key)
        if room is None or session_id not in room.members:
            raise not_in_room(key.room_id)
        return room, room.state.entries[session_id]

    def _update(self, key: RoomKey, room: LocalRoom, state: Room, *changed: str) -> None:
        self._grow(key.app_id, state.size - room.state.size)
        room.update(state, *changed)

    def _forget(self, key: RoomKey, room: LocalRoom) -> None:
        self._grow(key.app_id, -room.state.size)
        room.close()
        del self.rooms[key]
        self._watcher.emptied(key)

    def _grow(self, app_id: str, size: int) -> None:
        self._app_sizes[app_id] += size
        if not self._app_sizes[app_id]:
            del self._app_sizes[app_id]
