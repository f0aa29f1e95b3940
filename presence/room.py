"""A room as a value: joining, leaving and setting presence make a new room (realtime.md §7.1).

Nothing here waits, sends or knows who listens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from wire import json

ENTRY_OVERHEAD_BYTES: Final = 512  # ids, the user and Python's objects; a guess on the high side


class RoomKey(NamedTuple):
    """What makes two rooms the same: the room's type is no part of it."""

    app_id: str
    room_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One session's place in a room.

    `instance_id` is the server process that holds the session, `user` the whole user or None for a
    guest. `data_json` is `data` encoded.
    """

    peer_id: str
    instance_id: str
    user: Mapping[str, Any] | None
    data: Any
    data_json: bytes

    @classmethod
    def of(cls, peer_id: str, instance_id: str, user: Mapping[str, Any] | None, data: Any) -> Entry:
        """An entry that says `data`; null becomes `{}`, which clients can show."""
        said = {} if data is None else data
        return cls(peer_id, instance_id, user, said, json.dumps(said))

    def saying(self, data: Any) -> Entry:
        """The same session with other presence."""
        return Entry.of(self.peer_id, self.instance_id, self.user, data)

    def signed_out(self) -> Entry:
        """The same session without its user."""
        return replace(self, user=None)

    @property
    def size(self) -> int:
        """Roughly what the entry holds in memory, in bytes."""
        return len(self.data_json) + ENTRY_OVERHEAD_BYTES

    def shown_to_peers(self) -> dict[str, Any]:
        """What every client in the room may see: of the user, only who it is."""
        return {"peer-id": self.peer_id, "user": public_user(self.user), "data": self.data}

    def shown_to_admins(self) -> dict[str, Any]:
        """What the admin API shows (http-api.md §3.10)."""
        return {
            "peer-id": self.peer_id,
            "instance-id": self.instance_id,
            "user": None if self.user is None else dict(self.user),
            "data": self.data,
        }


def public_user(user: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The part of a user that strangers in a room may see."""
    return None if user is None else {"id": user["id"]}


@dataclass(frozen=True, slots=True)
class Room:
    """Everybody in a room by session id, and how many bytes that is."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    size: int = 0

    def joined(self, entry: Entry) -> Room:
        """With the session in it; one that is there already keeps what it says."""
        return self if entry.peer_id in self.entries else self.changed([entry], [])

    def said(self, entry: Entry) -> Room:
        """With this entry in place of the session's former one."""
        return self.changed([entry], [])

    def left(self, peer_id: str) -> Room:
        """Without the session; the same room if it was not there."""
        return self.changed([], [peer_id]) if peer_id in self.entries else self

    def changed(self, placed: Iterable[Entry], removed: Iterable[str]) -> Room:
        """Without `removed`, then with `placed`; several changes for the price of one copy."""
        entries, size = dict(self.entries), self.size
        for peer_id in removed:
            former = entries.pop(peer_id, None)
            size -= former.size if former else 0
        for entry in placed:
            former = entries.get(entry.peer_id)
            size += entry.size - (former.size if former else 0)
            entries[entry.peer_id] = entry
        return Room(entries, size)
