"""Posts of SSE sessions: which session they belong to, and whether they may speak for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime.receive_queue import ReceiveQueue
from realtime.sessions import Session
from wire import ids
from wire.errors import ParamMalformed, ParamMissing, SessionMissing


@dataclass(frozen=True, slots=True)
class StreamedSession:
    """A session over SSE and the hash of the secret that its posts must show."""

    session: Session
    token_hash: str


@dataclass(frozen=True, slots=True)
class Post:
    """What a post says, its shape checked and nothing else."""

    machine_id: str
    session_id: str
    token: str
    messages: list[Any]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Post:
        """From a posted object; raises `ParamMissing` or `ParamMalformed`."""
        machine_id, session_id = _uuid(body, "machine_id"), _uuid(body, "session_id")
        token, messages = _uuid(body, "sse_token"), _required(body, "messages")
        if not isinstance(messages, list):
            raise ParamMalformed(["body", "messages"])
        return cls(machine_id, session_id, token, messages)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A post that was found good, not yet enqueued."""

    session: Session
    messages: list[Any]
    received: ReceiveQueue

    def enqueue(self) -> None:
        """Enqueue the messages in their order."""
        self.received.put_all(self.session, self.messages)


async def accept_post(
    streamed: Mapping[str, StreamedSession], received: ReceiveQueue, post: Post, app_id: str
) -> Accepted:
    """Find the app's session that the post is for, and wait until it has room.

    Raises `SessionMissing`; an unknown session and a wrong secret look the same.
    """
    found = streamed.get(post.session_id)
    expected = found.token_hash if found is not None else ""
    if not ids.same_secret(ids.hash_uuid_secret(post.token), expected) or found is None:
        raise SessionMissing(post.session_id)
    session = found.session
    if session.app is not None and session.app.id != app_id:
        raise SessionMissing(post.session_id)
    await received.room_for_post(session)
    return Accepted(session, post.messages, received)


def _uuid(body: Mapping[str, Any], key: str) -> str:
    parsed = ids.parse_uuid(_required(body, key))
    if parsed is None:
        raise ParamMalformed(["body", key])
    return parsed


def _required(body: Mapping[str, Any], key: str) -> Any:
    value = body.get(key)
    if value is None:
        raise ParamMissing(["body", key])
    return value
