"""`/runtime/session`: a WebSocket, reduced to frames in and frames out (spec: realtime.md §1).

The consumer enqueues and returns (law 7); replies leave through the session's own writer. It does
not join a channel layer: fan-out to the sockets of a process is a loop over memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from realtime import lifecycle
from realtime.sessions import Session
from wire.addresses import client_address

Scope = dict[str, Any]
Event = dict[str, Any]


class SessionConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One connected client."""

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Event]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        """Take the socket's events one after the other.

        Channels' own loop starts a task and visits a thread for every message, to close database
        connections of the ORM; nothing here uses the ORM.
        """
        self.scope = scope
        self.base_send = send
        await self.accept()
        server = lifecycle.running()
        ip = client_address_of(scope, server.trusted_proxies)
        session = Session(self, origin=_header(scope, b"origin"), ip=ip)
        writer = asyncio.create_task(session.write_frames(), name=f"writer of {session.id}")
        reader = asyncio.create_task(
            self._read_frames(server, session, receive), name=f"reader of {session.id}"
        )
        cut_off = asyncio.create_task(session.cut_off(), name=f"end of {session.id}")
        server.sessions.add(session)
        try:
            await asyncio.wait({reader, writer, cut_off}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.leave(session)
            await _ended(reader, writer, cut_off)

    async def send_text(self, text: str) -> None:
        """`Transport`: hand one frame to the network; waits while the peer does not read."""
        await self.base_send({"type": "websocket.send", "text": text})

    async def _read_frames(
        self,
        server: lifecycle.Server,
        session: Session,
        receive: Callable[[], Awaitable[Event]],
    ) -> None:
        while (event := await receive())["type"] != "websocket.disconnect":
            if event["type"] == "websocket.receive":
                text = event.get("text")
                server.received.put(session, event["bytes"] if text is None else text)
                await server.received.room_for(session)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Cancel and collect the tasks; a peer that vanished while it was written to is no fault."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
            raise outcome


def _header(scope: Scope, name: bytes) -> str | None:
    """A header's text; several of one name are one list (RFC 9110 §5.3), as Django has them."""
    found = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ",".join(found) if found else None


def client_address_of(scope: Scope, trusted_proxies: int) -> str | None:
    """Who opened the socket; a proxy may add to `X-Forwarded-For` with a header of its own."""
    peer = scope.get("client")
    forwarded_for = _header(scope, b"x-forwarded-for") or ""
    address = client_address(peer[0] if peer else "", forwarded_for, trusted_proxies)
    return None if address is None else str(address)
