"""`/runtime/sse`: the socket protocol over an event stream and posts (spec: realtime.md §1.3).

A client that could not open a WebSocket falls back to this and stays here, so a session over SSE is
a session like any other; only the way of its frames differs. Frames out are events of one stream,
frames in are posts that name the session and prove with a secret that they belong to it.

Posts reach the process that holds the stream only while there is one process; forwarding between
processes belongs to the scaled shape.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from realtime import lifecycle
from realtime.sessions import Session
from wire import ids, json
from wire.errors import (
    InstantError,
    MemberMissing,
    ParamMalformed,
    ParamMissing,
    SessionMissing,
)
from wire.http import Call, error_response, json_object, read_body, unknown_route

KEEP_ALIVE_SECONDS: Final = 15.0  # proxies cut streams that are silent for 30 to 60 s
_KEEP_ALIVE: Final = b": keep-alive\n\n"


class EventStream:
    """`Transport` whose frames are server-sent events; the peer's reading sets the pace."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)

    async def send_text(self, text: str) -> None:
        """Hand one frame to the stream; waits until the one before was taken."""
        await self._events.put(b"data: %b\n\n" % text.encode())

    async def close(self, code: int, reason: str) -> None:
        """End the stream after the frames handed over before."""
        await self._events.put(None)

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The stream's bytes until it is closed, with a comment whenever it was silent."""
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    event = await self._events.get()
            except TimeoutError:
                yield _KEEP_ALIVE
                continue
            if event is None:
                return
            yield event


@dataclass(frozen=True, slots=True)
class StreamedSession:
    """A session over SSE and the hash of the secret that its posts must show."""

    session: Session
    token_hash: str


@csrf_exempt
async def runtime_sse(request: HttpRequest) -> HttpResponseBase:
    """GET opens a stream; POST brings messages of a stream's session."""
    try:
        match request.method:
            case "GET":
                return _open_stream(request)
            case "POST":
                return await _take_messages(request)
            case _:
                return unknown_route(request)
    except InstantError as error:
        return error_response(error)


def _open_stream(request: HttpRequest) -> StreamingHttpResponse:
    _require_app_id(request)
    return StreamingHttpResponse(
        _session_events(lifecycle.running(), request),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"},
    )


async def _session_events(
    server: lifecycle.Server, request: HttpRequest
) -> AsyncGenerator[bytes, None]:
    """The whole life of one session: it ends when the peer, or the server, closes the stream."""
    stream = EventStream()
    address = Call(request, None, {}).client_address(trusted_proxies=0)
    session = Session(stream, origin=request.headers.get("origin"), ip=_text(address))
    token = ids.new_id()
    server.sessions.add(session)
    server.streamed[session.id] = StreamedSession(session, ids.hash_uuid_secret(token))
    session.send(
        json.dumps(
            {
                "op": "sse-init",
                "machine-id": server.machine_id,
                "session-id": session.id,
                "sse-token": token,
            }
        )
    )
    writer = asyncio.create_task(session.write_frames(), name=f"writer of {session.id}")
    try:
        async for event in stream.events():
            yield event
    finally:
        server.sessions.discard(session)
        del server.streamed[session.id]
        session.interrupt()
        server.hub.leave(session)
        writer.cancel()


async def _take_messages(request: HttpRequest) -> HttpResponseBase:
    """Enqueue the posted messages once the post has been answered.

    A client may drop a reply that arrives before its post has returned (spec/README.md, "settled"),
    so the messages are enqueued only after the body went out.
    """
    _require_app_id(request)
    server = lifecycle.running()
    body = json_object(read_body(request))
    if body is None:
        raise ParamMalformed(["body"])
    session = _session_of(server, body)
    messages = _required(body, "messages")
    if not isinstance(messages, list):
        raise ParamMalformed(["body", "messages"])
    await server.received.room_for(session)

    async def answer() -> AsyncGenerator[bytes, None]:
        yield b"{}"
        for message in messages:
            server.received.put(session, json.dumps(message))

    return StreamingHttpResponse(answer(), content_type="application/json")


def _session_of(server: lifecycle.Server, body: dict[str, Any]) -> Session:
    """The session the post belongs to; an unknown one and a wrong secret look the same."""
    machine_id = _uuid(body, "machine_id")
    session_id = _uuid(body, "session_id")
    token = _uuid(body, "sse_token")
    if machine_id != server.machine_id:
        raise MemberMissing(machine_id)
    streamed = server.streamed.get(session_id)
    expected = streamed.token_hash if streamed is not None else ""
    if not ids.same_secret(ids.hash_uuid_secret(token), expected) or streamed is None:
        raise SessionMissing(session_id)
    return streamed.session


def _uuid(body: dict[str, Any], key: str) -> str:
    parsed = ids.parse_uuid(_required(body, key))
    if parsed is None:
        raise ParamMalformed(["body", key])
    return parsed


def _required(body: dict[str, Any], key: str) -> Any:
    value = body.get(key)
    if value is None:
        raise ParamMissing(["body", key])
    return value


def _require_app_id(request: HttpRequest) -> None:
    app_id = request.GET.get("app_id")
    if app_id is None:
        raise ParamMissing(["query-params", "app_id"])
    if ids.parse_uuid(app_id) is None:
        raise ParamMalformed(["query-params", "app_id"], app_id)


def _text(address: IPv4Address | IPv6Address | None) -> str | None:
    return None if address is None else str(address)
