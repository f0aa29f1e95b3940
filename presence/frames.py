"""What a session in a room is sent unasked (realtime.md §7.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from presence.edits import Edit
from presence.room import Entry, public_user
from wire import json


def refresh_presence(room_id: str, entries: Iterable[Entry]) -> str:
    """Everybody in the room; replaces what the client knew."""
    shown = {entry.peer_id: entry.shown_to_peers() for entry in entries}
    return _text({"op": "refresh-presence", "room-id": room_id, "data": shown})


def patch_presence(room_id: str, edits: Sequence[Edit]) -> str:
    """What changed in the room; never sent without edits."""
    return _text({"op": "patch-presence", "room-id": room_id, "edits": edits})


def broadcast_payload(entry: Entry, data: Any) -> dict[str, Any]:
    """A broadcast with its sender, as its receivers and the reply to its sender carry it."""
    return {"peer-id": entry.peer_id, "user": public_user(entry.user), "data": data}


def server_broadcast(room_id: str, topic: str, payload: dict[str, Any]) -> str:
    """One broadcast for the others in the room."""
    return _text({"op": "server-broadcast", "room-id": room_id, "topic": topic, "data": payload})


def several(frames: Sequence[str]) -> str:
    """Frames as one: clients take the messages of an array in order."""
    return frames[0] if len(frames) == 1 else f"[{','.join(frames)}]"


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message).decode()
