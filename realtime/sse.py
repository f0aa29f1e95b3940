"""Sessions over server-sent events: frames out are events of one stream.

A session over SSE is a session like any other; only the way of its frames differs. Its frames in
are posts that name the session and prove with a secret that they belong to it. Which routes open
streams, and for whom, is `runtime_sse`'s and `admin_sse`'s business (spec: realtime.md §1.3, §13).

A post may reach another process than the one that holds the stream: `realtime.post_relay`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from django.http import HttpResponseBase, StreamingHttpResponse

from realtime import lifecycle
from realtime.post_relay import PostRelay
from realtime.posts import Accepted, Post, StreamedSession
from realtime.sessions import Session
from wire import ids, json
from wire.errors import MemberMissing

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


def event_stream(
    stream: EventStream,
    session: Session,
    *,
    first: bytes = b"",
    opened: Callable[[lifecycle.Server], None] | None = None,
) -> StreamingHttpResponse:
    """The response that carries the session; `first` are bytes before the first event.

    `opened` is called when `sse-init` is on its way.
    """
    return StreamingHttpResponse(
        _whole_life(lifecycle.running(), stream, session, first, opened),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"},
    )


async def _whole_life(
    server: lifecycle.Server,
    stream: EventStream,
    session: Session,
    first: bytes,
    opened: Callable[[lifecycle.Server], None] | None,
) -> AsyncGenerator[bytes, None]:
    """One session's bytes: it ends when the peer, or the server, closes the stream."""
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
    cut = asyncio.create_task(
        _cut_off(session, asyncio.current_task()), name=f"end of {session.id}"
    )
    try:
        if first:
            yield first
        if opened is not None:
            opened(server)
        async for event in stream.events():
            yield event
    finally:
        del server.streamed[session.id]
        server.leave(session)
        writer.cancel()
        cut.cancel()


async def _cut_off(session: Session, request: asyncio.Task[Any] | None) -> None:
    """End the request of a session that was disconnected: whoever does not read holds it up."""
    await session.cut_off()
    if request is not None:
        request.cancel()


async def take_messages(body: dict[str, Any], *, app_id: str) -> HttpResponseBase:
    """Enqueue the posted messages of the app's session once the post has been answered.

    A client may drop a reply that arrives before its post has returned (spec/README.md, "settled"),
    so the messages are enqueued only after the body went out. A post for a session of another
    process is relayed to it.
    """
    server, post = lifecycle.running(), Post.read(body)
    if post.machine_id == server.machine_id:
        accepted = await server.accept(post, app_id)
        return StreamingHttpResponse(_answered(accepted), content_type="application/json")
    if server.relay is None:
        raise MemberMissing(post.machine_id)
    post_id = await server.relay.hand_over(post, app_id)
    relayed = _relayed(server.relay, post.machine_id, post_id)
    return StreamingHttpResponse(relayed, content_type="application/json")


async def _answered(accepted: Accepted) -> AsyncGenerator[bytes, None]:
    yield b"{}"
    accepted.enqueue()


async def _relayed(relay: PostRelay, owner: str, post_id: str) -> AsyncGenerator[bytes, None]:
    yield b"{}"
    await relay.go_on(owner, post_id)
