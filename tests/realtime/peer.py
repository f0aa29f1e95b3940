"""A bare WebSocket client that speaks the protocol frame by frame (realtime.md §2 to §6).

It knows no more than JSON: what a frame must say is each test's business. Replies are looked for
among everything that arrived, so a test states only the order it relies on. Silence is proven with
`fence`: an exchange that the server answers after whatever it would have sent before.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

WAIT_SECONDS = 10.0
CORE_VERSIONS = {"@instantdb/core": "v1.0.67"}

Message: TypeAlias = dict[str, Any]


class SocketServer(Protocol):
    """What is needed to reach a server's socket."""

    @property
    def ws_url(self) -> str: ...


class Peer:
    """One open socket and every message that came through it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[Message] = []
        self._unread: list[Message] = []

    def say(self, op: str, **fields: Any) -> str:
        """Send one op; returns its event id. Field names use `_` for `-`."""
        event = fields.pop("event", None) or str(uuid.uuid4())
        named = {_wire_name(key): value for key, value in fields.items()}
        self.say_text(json.dumps({"client-event-id": event, "op": op, **named}))
        return str(event)

    def say_text(self, text: str | bytes) -> None:
        """Send a frame exactly as given."""
        self.socket.send(text)

    def hear(self, op: str, event: str | None = None, timeout: float = WAIT_SECONDS) -> Message:
        """The oldest message not yet heard with this op (and event id)."""
        return self.hear_where(
            lambda message: (
                message["op"] == op and (event is None or message.get("client-event-id") == event)
            ),
            f"{op} for {event}" if event else op,
            timeout,
        )

    def hear_where(
        self, holds: Callable[[Message], bool], what: str, timeout: float = WAIT_SECONDS
    ) -> Message:
        """The oldest message not yet heard for which `holds`; others stay unheard."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self._unread:
                if holds(message):
                    self._unread.remove(message)
                    return message
            try:
                self._receive(deadline - time.monotonic())
            except TimeoutError:
                raise AssertionError(f"waited {timeout:g} s for {what}; {self._story()}") from None
            except ConnectionClosed as closed:
                raise AssertionError(
                    f"the socket closed ({closed}) before {what}; {self._story()}"
                ) from closed

    def ask(self, op: str, **fields: Any) -> Message:
        """Send one op and return its reply, whatever it is."""
        event = self.say(op, **fields)
        return self.hear_where(
            lambda message: message.get("client-event-id") == event, f"a reply to {op}"
        )

    def init(self, app_id: str, **fields: Any) -> Message:
        """Log in as the published client does."""
        return self.ask("init", **{"app_id": app_id, "versions": CORE_VERSIONS, **fields})

    def transact(self, *steps: Any, **fields: Any) -> Message:
        """Send one write and return its `transact-ok` or `error`."""
        return self.ask("transact", tx_steps=list(steps), created=1, order=1, **fields)

    def fence(self) -> list[Message]:
        """What else arrived before the answer to a question asked now."""
        self.ask("fence")
        heard, self._unread = self._unread, []
        return heard

    def wait_until_closed(self, timeout: float = WAIT_SECONDS) -> ConnectionClosed:
        """How the server ended the connection."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._receive(deadline - time.monotonic())
            except ConnectionClosed as closed:
                return closed
            except TimeoutError:
                raise AssertionError(f"still open after {timeout:g} s; {self._story()}") from None

    def _receive(self, timeout: float) -> None:
        arrived = json.loads(self.socket.recv(timeout=max(timeout, 0)))
        messages = arrived if isinstance(arrived, list) else [arrived]
        self.messages += messages
        self._unread += messages

    def _story(self) -> str:
        return "heard: " + (", ".join(json.dumps(m)[:300] for m in self.messages) or "nothing")


def _wire_name(key: str) -> str:
    return key if key.startswith("__") else key.replace("_", "-")


@contextmanager
def peer(server: SocketServer, app_id: str) -> Iterator[Peer]:
    """An open socket, not yet logged in."""
    url = f"{server.ws_url}?app_id={app_id}"
    # Without a limit on unread frames a test may leave some unread and still close politely.
    with connect_websocket(url, max_size=None, max_queue=None) as socket:
        yield Peer(socket)
