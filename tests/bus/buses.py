"""Both forms of the bus behind one face, and a receiver that keeps what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from realtime.bus.bus import Listener, Publisher, Receiver
from realtime.bus.in_process import InProcessBus
from realtime.bus.redis_listener import RedisListener
from realtime.bus.redis_publisher import RedisPublisher
from realtime.changes.change import AttrChange, TripleChange, TxChanges

PATIENCE_SECONDS: Final = 20.0
ANN: Final = "a0000000-0000-4000-8000-000000000001"
BOB: Final = "b0000000-0000-4000-8000-000000000002"
ALL: Final = "every app"


class Heard:
    """What a receiver was called with: changes, and the apps of gaps, in order."""

    def __init__(self) -> None:
        self.all: list[TxChanges | str] = []
        self._news = asyncio.Event()
        self.receiver = Receiver(self._take, self._take, lambda: self._take(ALL))

    @property
    def xids(self) -> list[int]:
        """The transactions received."""
        return [item.xid for item in self.all if isinstance(item, TxChanges)]

    @property
    def gaps(self) -> list[str]:
        """The gaps received."""
        return [item for item in self.all if isinstance(item, str)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to have been received."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def _take(self, item: TxChanges | str) -> None:
        self.all.append(item)
        self._news.set()


@dataclass(slots=True)
class Ends:
    """A publisher, a listener, and what the listener's receiver heard after the first gap."""

    publisher: Publisher
    listener: Listener
    heard: Heard

    async def publish(self, *changes: TxChanges) -> None:
        """Publish in one batch."""
        for each in changes:
            await self.publisher.publish(each)
        await self.publisher.flush()

    async def bring(self, each: TxChanges) -> None:
        """Publish a change and wait until it is the newest that was received."""
        await self.publish(each)
        await self.heard.until(lambda: self.heard.xids[-1:] == [each.xid])


OpenEnds = Callable[[], AbstractAsyncContextManager[Ends]]


@asynccontextmanager
async def in_process() -> AsyncIterator[Ends]:
    """The form of one process."""
    bus, heard = InProcessBus(), Heard()
    bus.attach(heard.receiver)
    yield Ends(bus, bus, heard)


@asynccontextmanager
async def over_redis(redis_url: str, machine_id: str = "m") -> AsyncIterator[Ends]:
    """The form between processes."""
    heard = Heard()
    listener = RedisListener(redis_url, machine_id, lambda message: None)
    listener.attach(heard.receiver)
    publisher = RedisPublisher(redis_url)
    await listener.start()
    try:
        await listener.wait_until_live(PATIENCE_SECONDS)
        heard.all.clear()
        yield Ends(publisher, listener, heard)
    finally:
        await listener.stop()
        await publisher.close()


def change(app_id: str, xid: int, **fields: Any) -> TxChanges:
    """One transaction's changes of one app."""
    given: dict[str, Any] = {
        "tx_id": xid,
        "commit_lsn": xid,
        "commit_time": 1.5,
        "triple_changes": (TripleChange("update", "e", "a", b'"\xc3\xa9"', None, True),),
        "attr_changes": (AttrChange("insert", "a", frozenset({"todos", "goals"})),),
        "rules_changed": False,
        "app_changed": True,
        "truncated": False,
    }
    return TxChanges(app_id=app_id, xid=xid, **given | fields)
