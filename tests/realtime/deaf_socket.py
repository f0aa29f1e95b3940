"""A WebSocket connection held by hand: it reads, and answers pings, only when told to.

Ordinary clients read in the background and answer pings by themselves; the limits that protect a
server from those who do not can be seen only from a socket like this one.
"""

from __future__ import annotations

import json
import select
import socket
import time
from types import TracebackType
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from tests.realtime.peer import CORE_VERSIONS, WAIT_SECONDS

READ_BYTES = 1 << 20


class DeafSocket:
    """One TCP connection after a WebSocket handshake."""

    def __init__(self, ws_url: str, app_id: str) -> None:
        uri = parse_uri(f"{ws_url}?app_id={app_id}")
        self.ping_seconds: list[float] = []
        self._app_id = app_id
        self._protocol = ClientProtocol(uri, max_size=None)
        self._socket = socket.create_connection((uri.host, uri.port), timeout=WAIT_SECONDS)
        self._opened = time.monotonic()
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        self._read_until(lambda event: not isinstance(event, Frame))

    def __enter__(self) -> DeafSocket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def init(self) -> None:
        """Log in, reading up to the reply."""
        self.say("init", **{"app-id": self._app_id, "versions": CORE_VERSIONS})
        self._read_until(lambda event: isinstance(event, Frame) and b'"init-ok"' in event.data)

    def say(self, op: str, **fields: Any) -> None:
        """Send one op and do not read the reply."""
        self._protocol.send_text(json.dumps({"op": op, **fields}).encode())
        self._flush()

    def seconds_until_closed(self, *, limit: float, answer_pings: bool) -> float:
        """Read until the server ends the connection, for at most `limit` seconds."""
        started = time.monotonic()
        while (left := started + limit - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                break
            if not self._read_once(answer_pings=answer_pings):
                break
        return time.monotonic() - started

    def drain(self, *, limit: float) -> int | None:
        """Read what is left; the bytes up to the end of the connection, None if it did not end."""
        total, deadline = 0, time.monotonic() + limit
        while select.select([self._socket], [], [], max(deadline - time.monotonic(), 0))[0]:
            try:
                chunk = self._socket.recv(READ_BYTES)
            except ConnectionResetError:
                return total
            if not chunk:
                return total
            total += len(chunk)
        return None

    def _read_until(self, holds: Any) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            for event in self._receive(answer_pings=True):
                if holds(event):
                    return
        raise AssertionError(f"no such event within {WAIT_SECONDS:g} s")

    def _read_once(self, *, answer_pings: bool) -> bool:
        """Read what is there; False when the server has ended the connection."""
        self._receive(answer_pings=answer_pings)
        return self._protocol.close_expected() is False and not self._protocol.eof_sent

    def _receive(self, *, answer_pings: bool) -> list[Any]:
        try:
            received = self._socket.recv(READ_BYTES)
        except ConnectionResetError:
            received = b""
        if received:
            self._protocol.receive_data(received)
        else:
            self._protocol.receive_eof()
        events = self._protocol.events_received()
        for event in events:
            if isinstance(event, Frame) and event.opcode is Opcode.PING:
                self.ping_seconds.append(time.monotonic() - self._opened)
        replies = self._protocol.data_to_send()
        if answer_pings and received:
            self._socket.sendall(b"".join(replies))
        return events

    def _flush(self) -> None:
        self._socket.sendall(b"".join(self._protocol.data_to_send()))
