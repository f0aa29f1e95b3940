"""From replies and pushes to frame text (spec: realtime.md §2.2 to §6).

Answers arrive as JSON text made by PostgreSQL and are spliced in without being decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from realtime.protocol.incoming import echo, without_bulk
from wire import json
from wire.errors import InstantError


@dataclass(frozen=True, slots=True)
class Computation:
    """One live query's new answer inside a refresh."""

    query_json: bytes
    result: bytes
    result_meta: bytes | None

    def encoded(self) -> bytes:
        """The element of `computations`."""
        meta = b"" if self.result_meta is None else b',"result-meta":%b' % self.result_meta
        return b'{"instaql-query":%b,"instaql-result":%b%b}' % (self.query_json, self.result, meta)


def init_ok(
    *, event_id: Any, session_id: str, attrs: bytes, app: dict[str, Any], user: Any, is_admin: bool
) -> bytes:
    """The session is authenticated; `app` has `id`, `title`, `status`."""
    return json.dumps(
        {
            "op": "init-ok",
            "session-id": session_id,
            "client-event-id": event_id,
            "attrs": json.raw(attrs),
            "app-status": {"status": app["status"]},
            "auth": {
                "app": {"id": app["id"], "title": app["title"]},
                "user": user,
                "admin?": is_admin,
            },
        }
    )


def add_query_ok(
    *,
    event_id: Any,
    query_json: bytes,
    result: bytes,
    result_meta: bytes | None,
    processed_tx_id: int,
) -> bytes:
    """The first answer of a query."""
    return (
        b'{"op":"add-query-ok","client-event-id":%b,"q":%b,"result":%b,'
        b'"processed-tx-id":%d,"result-meta":%b}'
        % (json.dumps(event_id), query_json, result, processed_tx_id, result_meta or b"null")
    )


def add_query_exists(*, event_id: Any, query_json: bytes) -> bytes:
    """The session has this query already."""
    return b'{"op":"add-query-exists","client-event-id":%b,"q":%b}' % (
        json.dumps(event_id),
        query_json,
    )


def remove_query_ok(*, event_id: Any, query_json: bytes) -> bytes:
    """The query is no longer tracked."""
    return b'{"op":"remove-query-ok","client-event-id":%b,"q":%b}' % (
        json.dumps(event_id),
        query_json,
    )


def refresh_ok(
    *, processed_tx_id: int, computations: Iterable[bytes], attrs: bytes | None = None
) -> bytes:
    """New answers, encoded by `Computation.encoded`, and the attr list when it changed."""
    attrs_part = b"" if attrs is None else b',"attrs":%b' % attrs
    return b'{"op":"refresh-ok","processed-tx-id":%d%b,"computations":[%b]}' % (
        processed_tx_id,
        attrs_part,
        b",".join(computations),
    )


def transact_ok(*, event_id: Any, tx_id: int) -> bytes:
    """The write is committed."""
    return b'{"op":"transact-ok","client-event-id":%b,"tx-id":%d}' % (json.dumps(event_id), tx_id)


def room_op_ok(op: str, *, event_id: Any, room_id: str) -> bytes:
    """`join-room`, `leave-room` or `set-presence` was done."""
    return json.dumps({"op": f"{op}-ok", "room-id": room_id, "client-event-id": event_id})


def client_broadcast_ok(
    *, event_id: Any, room_id: str, topic: str, payload: dict[str, Any]
) -> bytes:
    """The broadcast is on its way; `payload` is what the others get."""
    return json.dumps(
        {
            "op": "client-broadcast-ok",
            "room-id": room_id,
            "topic": topic,
            "data": payload,
            "client-event-id": event_id,
        }
    )


def join_room_error(*, room_id: str, message: str) -> bytes:
    """The room cannot be joined; the client shows this as the room's `error`."""
    return json.dumps({"op": "join-room-error", "room-id": room_id, "error": message})


def app_status_changed(status: str) -> bytes:
    """The app may now do more, or less."""
    return json.dumps({"op": "app-status-changed", "status": status})


def error_reply(error: InstantError, *, event_id: Any, original: dict[str, Any]) -> bytes:
    """A refusal the client is told about; input too bulky to repeat is left out of the hint."""
    wire = error.to_wire()
    wire["hint"] = without_bulk(wire["hint"], ("input", "original-input"))
    return json.dumps(
        {
            "op": "error",
            "status": error.socket_status,
            **wire,
            "client-event-id": event_id,
            "original-event": echo(original),
        }
    )


def unexpected_error(*, event_id: Any, original: dict[str, Any]) -> bytes:
    """Something broke here; the client gets no detail, the log does (realtime.md §2.3)."""
    return json.dumps(
        {
            "op": "error",
            "status": 500,
            "message": "Yikes, something broke on our end! Sorry about that.",
            "client-event-id": event_id,
            "original-event": echo(original),
        }
    )
