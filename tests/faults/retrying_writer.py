"""A client that sends every write until it is answered, under one event id for each.

It is what an SDK does, reduced to that: a window of unanswered writes, and after a broken
connection the whole window again, in order.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from tests.realtime.peer import CORE_VERSIONS, Peer, SocketServer

WINDOW = 10
RECONNECT_SECONDS = 60.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Write:
    """One write and its name, which never changes."""

    event: str
    steps: list[Any]


@dataclass(slots=True)
class RetryingWriter:
    """Sends writes over as many connections as it takes."""

    server: SocketServer
    app_id: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: dict[str, Any] = field(default_factory=dict)
    connections: int = 0

    def write_all(self, writes: list[Write], on_answer: Callable[[int], None]) -> None:
        """Send all writes; `on_answer` is told the number of answers after each."""
        waiting = iter(writes)
        unanswered: dict[str, Write] = {}
        while True:
            try:
                with self._connected() as peer:
                    for write in unanswered.values():
                        self._send(peer, write)
                    self._run(peer, waiting, unanswered, on_answer)
                    return
            except (ConnectionClosed, ConnectionError):
                continue

    def _run(
        self,
        peer: Peer,
        waiting: Iterator[Write],
        unanswered: dict[str, Write],
        on_answer: Callable[[int], None],
    ) -> None:
        while True:
            while len(unanswered) < WINDOW and (write := next(waiting, None)) is not None:
                unanswered[write.event] = write
                self._send(peer, write)
            if not unanswered:
                return
            self._note(json.loads(peer.socket.recv(timeout=ANSWER_SECONDS)), unanswered)
            on_answer(len(self.acknowledged) + len(self.refused))

    def _note(self, message: dict[str, Any], unanswered: dict[str, Write]) -> None:
        match message:
            case {"op": "transact-ok", "client-event-id": event, "tx-id": tx_id}:
                unanswered.pop(event, None)
                self.acknowledged[event] = tx_id
            case {"op": "error", "client-event-id": event}:
                unanswered.pop(event, None)
                self.refused[event] = message

    def _send(self, peer: Peer, write: Write) -> None:
        peer.say("transact", event=write.event, tx_steps=write.steps, created=1, order=1)

    @contextmanager
    def _connected(self) -> Iterator[Peer]:
        """Dial until somebody answers, then log in."""
        self.connections += 1
        with ExitStack() as stack:
            peer = Peer(self._dialled(stack))
            peer.say("init", app_id=self.app_id, versions=CORE_VERSIONS)
            peer.hear("init-ok")
            yield peer

    def _dialled(self, stack: ExitStack) -> ClientConnection:
        url = f"{self.server.ws_url}?app_id={self.app_id}"
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                return stack.enter_context(connect(url, max_size=None, max_queue=None))
            except (OSError, InvalidHandshake):
                if time.monotonic() > deadline:
                    raise


def new_write(steps: list[Any]) -> Write:
    """A write with a fresh event id."""
    return Write(str(uuid.uuid4()), steps)
