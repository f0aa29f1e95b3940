"""A WebSocket client that costs next to nothing, so that thousands fit beside what is measured.

It knows the protocol only as far as servers use it towards a client that behaves: text frames in,
short text frames out, pings answered. Frames that the server compresses or fragments are refused.
"""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import time
import uuid
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from wire import json

CORE_VERSIONS = {"@instantdb/core": "v1.0.67"}
PATIENCE_SECONDS = 60.0
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A


class RawSocket(asyncio.Protocol):
    """One connection; `on_text` is called with each text and the moment it came."""

    def __init__(self, host: str, path: str) -> None:
        self.on_text: Callable[[bytes, float], None] = lambda text, at: None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._host, self._path = host, path
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Open a connection."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        loop = asyncio.get_running_loop()
        target = "127.0.0.1" if host == "localhost" else host
        _, socket = await loop.create_connection(
            lambda: cls(f"{host}:{port}", f"{parts.path}?{parts.query}"), target, port
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            await socket.opened
        return socket

    def send(self, message: dict[str, Any]) -> None:
        """Send one JSON message."""
        self.send_frame(_TEXT, json.dumps(message))

    def send_frame(self, kind: int, payload: bytes) -> None:
        """Send one masked frame; the mask is zero, which leaves the bytes as they are."""
        size = len(payload)
        if size < 126:
            header = bytes((kind, 0x80 | size))
        elif size < 65_536:
            header = bytes((kind, 0x80 | 126)) + size.to_bytes(2, "big")
        else:
            header = bytes((kind, 0x80 | 127)) + size.to_bytes(8, "big")
        assert self._transport is not None
        self._transport.write(header + b"\0\0\0\0" + payload)

    def abort(self) -> None:
        """End the connection without a goodbye."""
        assert self._transport is not None
        self._transport.abort()

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one op and wait for its reply; other texts go on to `on_text`."""
        event_id, loop = str(uuid.uuid4()), asyncio.get_running_loop()
        reply: asyncio.Future[dict[str, Any]] = loop.create_future()
        others = self.on_text

        def hear(text: bytes, at: float) -> None:
            if event_id.encode() in text[:300] or event_id.encode() in text:
                reply.set_result(json.loads(text))
            else:
                others(text, at)

        self.on_text = hear
        self.send({"client-event-id": event_id, **message})
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await reply
        self.on_text = others
        return answer

    # -- asyncio.Protocol ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:20]:
                self.opened.set_exception(ConnectionError(bytes(self._buffer[:100]).decode()))
                return
            del self._buffer[: end + 4]
            self.opened.set_result(None)
        at = time.monotonic()
        while (frame := self._next_frame()) is not None:
            kind, payload = frame
            if kind == _TEXT:
                self.on_text(payload, at)
            elif kind == _PING:
                self.send_frame(_PONG, payload)
            elif kind != _CLOSE:
                raise ConnectionError(f"a frame of kind {kind:x}")

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the server closed the connection"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size or len(buffer) < start:
            return None
        kind, payload = buffer[0], bytes(buffer[start : start + size])
        del buffer[: start + size]
        return kind, payload


async def logged_in(url: str, app_id: str) -> RawSocket:
    """A connection that has said `init`."""
    socket = await RawSocket.connect(f"{url}?app_id={app_id}")
    answer = await socket.ask({"op": "init", "app-id": app_id, "versions": CORE_VERSIONS})
    if answer["op"] != "init-ok":
        raise ConnectionError(str(answer))
    return socket


def allow_many_sockets() -> None:
    """As many open files as this process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
