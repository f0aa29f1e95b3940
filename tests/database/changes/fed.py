"""A running change feed in a test: what it delivered, and a connection to write with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from realtime.changes.change import TxChanges
from realtime.changes.source import ChangeFeed

PATIENCE_SECONDS = 180.0  # a new slot waits for every transaction of the whole server

INSERT_TRIPLE = """
insert into triples (app_id, entity_id, attr_id, value) values (%s, %s, %s, %s::jsonb)
"""


class Fed:
    """Keeps what one feed said, in order."""

    def __init__(self, database_url: str, **feed_options: Any) -> None:
        self.delivered: list[TxChanges] = []
        self.gaps = 0
        self.feed = ChangeFeed(database_url, self._deliver, self._gap, **feed_options)
        self._news = asyncio.Event()

    def of(self, app_id: str) -> list[TxChanges]:
        """The transactions of one app so far."""
        return [changes for changes in self.delivered if changes.app_id == app_id]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to have been said."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def next_of(self, app_id: str) -> TxChanges:
        """The app's first transaction that was not asked for yet."""
        await self.until(lambda: bool(self.of(app_id)))
        changes = self.of(app_id)[0]
        self.delivered.remove(changes)
        return changes

    def _deliver(self, changes: TxChanges) -> None:
        self.delivered.append(changes)
        self._news.set()

    async def _gap(self) -> None:
        self.gaps += 1
        self._news.set()


@asynccontextmanager
async def running(database_url: str, **feed_options: Any) -> AsyncIterator[Fed]:
    """A live feed for the length of a block."""
    fed = Fed(database_url, **feed_options)
    await fed.feed.start()
    try:
        await fed.feed.wait_until_live(PATIENCE_SECONDS)
        yield fed
    finally:
        await fed.feed.stop()


@asynccontextmanager
async def writer(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A plain connection, as psql would have it: values are put into the text."""
    async with await psycopg.AsyncConnection.connect(
        database_url, autocommit=True, cursor_factory=psycopg.AsyncClientCursor
    ) as conn:
        yield conn
