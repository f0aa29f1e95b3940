"""The ops of rooms (spec: realtime.md §7.1).

What a session is sent about others in the room is the rooms' business; here are only the replies.
"""

from __future__ import annotations

from typing import Any, Final

from presence.limits import MAX_ROOM_ID_CHARACTERS
from presence.promise import Rooms
from realtime.protocol import outgoing
from realtime.protocol.incoming import Message
from realtime.sessions import Session
from realtime.subscriptions.app_state import AppState
from wire.errors import AppDisabled, InstantError, ParamMalformed, ParamMissing

OPS: Final = ("join-room", "leave-room", "set-presence", "client-broadcast")


def handle(rooms: Rooms, session: Session, message: Message) -> None:
    """Do one of `OPS` and reply; raises the documented refusals."""
    room_id = _text(message, "room-id", MAX_ROOM_ID_CHARACTERS)
    match message.op:
        case "join-room":
            _join_room(rooms, session, message, room_id)
        case "leave-room":
            rooms.leave(_app(session).id, room_id, session.id)
            _answer_ok(session, message, room_id)
        case "set-presence":
            rooms.set_presence(_app(session).id, room_id, session.id, message.fields.get("data"))
            _answer_ok(session, message, room_id)
        case "client-broadcast":
            _broadcast(rooms, session, message, room_id)


def answer_superseded(session: Session, message: Message) -> None:
    """Reply to a `set-presence` in whose place a newer one was done."""
    _answer_ok(session, message, message.fields["room-id"])


def _join_room(rooms: Rooms, session: Session, message: Message, room_id: str) -> None:
    state = _app(session)
    try:
        _require_entry(state)
        rooms.join(state.id, room_id, session, session.user, message.fields.get("data"))
    except InstantError as refusal:
        # The SDK shows the room's error to its developer, and only logs an `error` for this op.
        session.send(outgoing.join_room_error(room_id=room_id, message=refusal.message))
        raise
    _answer_ok(session, message, room_id)


def _require_entry(state: AppState) -> None:
    """The one door into rooms; rules for rooms, once the protocol has them, are asked here."""
    if state.app.status == "disabled":
        raise AppDisabled


def _broadcast(rooms: Rooms, session: Session, message: Message, room_id: str) -> None:
    topic = _text(message, "topic", MAX_ROOM_ID_CHARACTERS)
    said = message.fields.get("data")
    payload = rooms.broadcast(_app(session).id, room_id, session.id, topic, said)
    session.send(
        outgoing.client_broadcast_ok(
            event_id=message.event_id, room_id=room_id, topic=topic, payload=payload
        )
    )


def _answer_ok(session: Session, message: Message, room_id: str) -> None:
    frame = outgoing.room_op_ok(message.op, event_id=message.event_id, room_id=room_id)
    session.send(frame)


def _app(session: Session) -> AppState:
    if session.app is None:
        raise RuntimeError("a session is in rooms only after init")
    return session.app


def _text(message: Message, field: str, most_characters: int) -> str:
    given: Any = message.fields.get(field)
    if given is None:
        raise ParamMissing([field])
    if not isinstance(given, str) or len(given) > most_characters:
        raise ParamMalformed([field], given)
    return given
