"""How many connections of the pool one app's work may hold at once, by whatever door it comes in.

Writes of an app wait for each other under its lock, and reads can be slow; if they took all
connections, every other app would wait for them. Turns are counted in this process, since the pool
is this process's. Nobody may ask for a turn who has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from triples.sql import pool
from triples.sql.pool import Connection
from wire.errors import RateLimited

WRITES_AT_ONCE: Final = 2
"""One transaction runs under the app's lock while the next one gets as far as waiting for it; more
would only hold connections that other apps need."""
READS_AT_ONCE: Final = 4  # a busy app must leave connections of the pool to the others
TURN_SECONDS: Final = 10.0  # as long as one waits for a connection

_TOO_MUCH: Final = "This app has too many requests under way. Please try again later."


class Turns:
    """The turns of every app that has work of one kind."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, app_id: str) -> asyncio.Semaphore:
        """The app's slots, the same for everybody who holds on to them at one time."""
        slots = self._slots.get(app_id)
        if slots is None:
            slots = self._slots[app_id] = asyncio.Semaphore(self._at_once)
        return slots

    @asynccontextmanager
    async def connection(self, app_id: str) -> AsyncIterator[Connection]:
        """Borrow a connection for the app's work; raises `RateLimited` after a long wait."""
        slots = self.of(app_id)
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await slots.acquire()
        except TimeoutError:
            raise RateLimited(_TOO_MUCH) from None
        try:
            async with pool.connection() as conn:
                yield conn
        finally:
            slots.release()


READS: Final = Turns(READS_AT_ONCE)
WRITES: Final = Turns(WRITES_AT_ONCE)
