"""The bus inside one process: what the feed reads is received in the same call."""

from __future__ import annotations

from realtime.bus.bus import NOBODY, Receiver
from realtime.changes.change import TxChanges


class InProcessBus:
    """`Publisher` and `Listener` in one; see `realtime.bus.bus`."""

    def __init__(self) -> None:
        self._receiver = NOBODY
        self._joined: set[str] = set()

    def attach(self, receiver: Receiver) -> None:
        """`Listener.attach`."""
        self._receiver = receiver

    async def publish(self, changes: TxChanges) -> None:
        """`Publisher.publish`."""
        if changes.app_id in self._joined:
            self._receiver.deliver(changes)

    async def flush(self) -> None:
        """`Publisher.flush`: nothing ever waits."""

    async def announce_gap(self) -> None:
        """`Publisher.announce_gap`."""
        self._receiver.on_gap()

    async def join(self, app_id: str) -> None:
        """`Listener.join`."""
        self._joined.add(app_id)

    def leave(self, app_id: str) -> None:
        """`Listener.leave`."""
        self._joined.discard(app_id)
