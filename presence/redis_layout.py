"""How rooms lie in Redis, and what processes tell each other about them.

Keys:
- `instant:rooms:process:<process>`: exists while the process lives; it expires by itself.
- `instant:rooms:room:<app>:<room>`: a hash. Field `<session>` is an entry as JSON; field
  `@<process>` is the number of the process's newest update of the room.

Each field is written by one process only, in one transaction with the message that says so on the
room's channel, which has the room's name. An update names the one before it, so a reader notices
what it missed and reads the room again.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from presence.room import Entry, RoomKey
from wire import json

ROOM_PREFIX: Final = "instant:rooms:room:"
PROCESS_PREFIX: Final = "instant:rooms:process:"
NUMBER_MARK: Final = "@"


@dataclass(frozen=True, slots=True)
class Update:
    """What sessions of one process did in a room.

    `number` grows with every update of the process; `previous` is that of its update of this room
    before, 0 for the first. `is_farewell`: none of its sessions is in the room any more.
    """

    process: str
    number: int
    previous: int
    placed: tuple[Entry, ...] = ()
    removed: tuple[str, ...] = ()
    is_farewell: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """A broadcast, as the frame that its receivers get."""

    process: str
    sender: str
    frame: str


@dataclass(frozen=True, slots=True)
class Swept:
    """Another process found `process` dead and removed all it had in the room."""

    process: str


Message: TypeAlias = Update | Spoken | Swept


@dataclass(frozen=True, slots=True)
class StoredRoom:
    """A room as it is in Redis: entries by session, and each process's newest number."""

    entries: Mapping[str, Entry]
    numbers: Mapping[str, int]

    def without(self, processes: Set[str]) -> StoredRoom:
        """The room without what these processes have in it."""
        kept = {k: each for k, each in self.entries.items() if each.instance_id not in processes}
        return StoredRoom(kept, {k: n for k, n in self.numbers.items() if k not in processes})


def room_name(key: RoomKey) -> str:
    """The name of the room's hash, and of its channel."""
    return f"{ROOM_PREFIX}{key.app_id}:{key.room_id}"


def room_key(name: str) -> RoomKey:
    """The inverse of `room_name`."""
    app_id, _, room_id = name[len(ROOM_PREFIX) :].partition(":")
    return RoomKey(app_id, room_id)


def process_name(process: str) -> str:
    """The key that lives as long as a process, and its channel to itself."""
    return f"{PROCESS_PREFIX}{process}"


def number_field(process: str) -> str:
    """The field that holds a process's newest number."""
    return f"{NUMBER_MARK}{process}"


def encode_entry(entry: Entry) -> bytes:
    """An entry as a field's value."""
    return json.dumps(_entry_wire(entry))


def stored_room(fields: Mapping[bytes, bytes]) -> StoredRoom:
    """What a room's hash says."""
    entries: dict[str, Entry] = {}
    numbers: dict[str, int] = {}
    for raw_name, value in fields.items():
        name = raw_name.decode()
        if name.startswith(NUMBER_MARK):
            numbers[name[len(NUMBER_MARK) :]] = int(value)
        else:
            entries[name] = _entry(name, json.loads(value))
    return StoredRoom(entries, numbers)


def encode_message(message: Message) -> bytes:
    """A message as it is published."""
    match message:
        case Update():
            fields = {
                "number": message.number,
                "previous": message.previous,
                "placed": {entry.peer_id: _entry_wire(entry) for entry in message.placed},
                "removed": message.removed,
                "farewell": message.is_farewell,
            }
            return json.dumps({"kind": "update", "process": message.process, **fields})
        case Spoken(process, sender, frame):
            return json.dumps(
                {"kind": "spoken", "process": process, "sender": sender, "frame": frame}
            )
        case Swept(process):
            return json.dumps({"kind": "swept", "process": process})


def beginnings_of(process: str) -> tuple[bytes, ...]:
    """How the updates and broadcasts of a process begin; it has no use for its own."""
    return tuple(
        json.dumps({"kind": kind, "process": process}).rstrip(b"}") for kind in ("update", "spoken")
    )


def decode_message(text: bytes) -> Message:
    """The inverse of `encode_message`; raises `ValueError` for anything else."""
    message: Any = json.loads(text)
    match message:
        case {
            "kind": "update",
            "process": process,
            "number": number,
            "previous": previous,
            "placed": placed,
            "removed": removed,
            "farewell": is_farewell,
        }:
            entries = tuple(_entry(name, wire) for name, wire in placed.items())
            return Update(process, number, previous, entries, tuple(removed), is_farewell)
        case {"kind": "spoken", "process": process, "sender": sender, "frame": frame}:
            return Spoken(process, sender, frame)
        case {"kind": "swept", "process": process}:
            return Swept(process)
        case _:
            raise ValueError("a message about a room of an unknown kind")


def _entry_wire(entry: Entry) -> dict[str, Any]:
    return {"process": entry.instance_id, "user": entry.user, "data": json.raw(entry.data_json)}


def _entry(peer_id: str, wire: Mapping[str, Any]) -> Entry:
    return Entry.of(peer_id, wire["process"], wire["user"], wire["data"])
