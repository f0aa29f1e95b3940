"""How much a room, and an app's rooms together, may hold (errors: docs/errors.md).

Checked where a session joins or says something, against what this process knows. Entries of other
processes were checked there; each of several processes may accept up to a limit before it hears of
the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from presence.room import Entry, Room
from wire.errors import ValidationFailed

MAX_ROOM_ID_CHARACTERS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; bytes are of encoded JSON.

    An app's bytes bound the memory of this process; a room's bound the frame that everybody who
    joins is sent; a room's peers bound what one change costs.
    """

    presence_bytes: int = 64 * 1024
    broadcast_characters: int = 1024 * 1024
    room_peers: int = 2_000
    room_bytes: int = 4 * 1024 * 1024
    app_bytes: int = 64 * 1024 * 1024
    session_rooms: int = 1_000

    def check_entry(self, room: Room, entry: Entry, app_size: int) -> None:
        """Raise unless the room may hold the entry; `app_size` is of all the app's rooms here."""
        if len(entry.data_json) > self.presence_bytes:
            raise _refusal("A peer's presence may have", self.presence_bytes, "bytes")
        former = room.entries.get(entry.peer_id)
        if former is None and len(room.entries) >= self.room_peers:
            raise _refusal("A room may have", self.room_peers, "peers")
        grown = entry.size - (former.size if former else 0)
        if grown <= 0:
            return
        if room.size + grown > self.room_bytes:
            raise _refusal("The presence of a whole room may have", self.room_bytes, "bytes")
        if app_size + grown > self.app_bytes:
            raise _refusal("The rooms of an app may have", self.app_bytes, "bytes")

    def check_rooms_of_session(self, rooms: int) -> None:
        """Raise unless a session that is in so many rooms may join one more."""
        if rooms >= self.session_rooms:
            raise _refusal("A session may be in", self.session_rooms, "rooms")

    def check_broadcast(self, text: str) -> None:
        """Raise if a broadcast's frame is too large."""
        if len(text) > self.broadcast_characters:
            raise _refusal("A broadcast may have", self.broadcast_characters, "characters")


def not_in_room(room_id: str) -> ValidationFailed:
    """The session speaks in a room that it has not joined."""
    return ValidationFailed.one(
        "room", {"room-id": room_id}, "The session is not in this room; it has to join first."
    )


def _refusal(what: str, most: int, unit: str) -> ValidationFailed:
    return ValidationFailed.one("room", None, f"{what} at most {most:,} {unit}.")
