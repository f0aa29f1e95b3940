"""Entries for tests, and what the published client makes of edits (realtime.md §7.3)."""

from __future__ import annotations

import copy
from typing import Any

from presence.room import Entry

Sessions = dict[str, dict[str, Any]]


def entry(peer_id: str, data: Any = None, user: dict[str, Any] | None = None) -> Entry:
    return Entry.of(peer_id, "process", user, data)


def entries(**said: Any) -> dict[str, Entry]:
    """Entries by what their sessions say."""
    return {peer_id: entry(peer_id, data) for peer_id, data in said.items()}


def shown(**said: Any) -> dict[str, Any]:
    """What a client shows after a full refresh: of each peer only its data."""
    return said


def after_edits(before: dict[str, Any], edits: list[list[Any]]) -> dict[str, Any]:
    """What a client that shows `before` shows after the edits, by the client's own rules."""
    sessions: Sessions = {key: {"data": copy.deepcopy(data)} for key, data in before.items()}
    for path, op, *value in edits:
        if path and op == "-":
            _dissoc(sessions, path)
        elif path:
            parent = _parent(sessions, path)
            parent[path[-1]] = copy.deepcopy(value[0])
    return {key: session.get("data") for key, session in sessions.items()}


def _parent(sessions: Any, path: list[Any]) -> Any:
    current = sessions
    for key in path[:-1]:
        if not isinstance(current.get(key), dict | list):
            current[key] = {}
        current = current[key]
    return current


def _dissoc(container: Any, path: list[Any]) -> None:
    """Remove, and then everything on the way that became empty."""
    key, *rest = path
    if rest:
        if key not in container:
            return
        _dissoc(container[key], rest)
        if container[key]:
            return
    container.pop(key, None)
