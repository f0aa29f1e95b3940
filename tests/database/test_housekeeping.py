"""Chores are done to their end, by one process at a time, and again; failures stop nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from triples.housekeeping import Chore, Housekeeper
from triples.management.database import connect
from triples.sql.pool import Connection

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

HOUR = 3600.0
SOON = 0.01


class Pile:
    """So many things to tidy, with news of each batch; a gate holds the batches up."""

    def __init__(self, *batches: int | Exception) -> None:
        self.batches = list(batches)
        self.taken = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Condition()

    async def take(self, conn: Connection) -> int:
        async with self._news:
            self.taken += 1
            self._news.notify_all()
        await self.gate.wait()
        found = self.batches.pop(0) if self.batches else 0
        if isinstance(found, Exception):
            raise found
        return found

    async def until_taken(self, count: int) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: self.taken >= count)


async def is_locked(name: str) -> bool:
    """Whether somebody is at the chore."""
    key = "hashtextextended('chore: ' || %s, 0)"
    async with connect() as conn:
        row = await (await conn.execute(f"select pg_try_advisory_lock({key})", (name,))).fetchone()
        return row == (False,)


async def running(
    *chores: tuple[str, float, Callable[[Connection], Awaitable[int]]],
) -> Housekeeper:
    keeper = Housekeeper([Chore(*chore) for chore in chores], pause_seconds=0)
    await keeper.start()
    return keeper


async def test_chore_is_done_until_nothing_is_left_and_the_next_one_follows(
    open_pool: None,
) -> None:
    first, second = Pile(5, 5, 2), Pile(1)
    keeper = await running(("first", HOUR, first.take), ("second", HOUR, second.take))
    await second.until_taken(2)
    await keeper.stop()
    assert (first.taken, second.taken) == (4, 2)


async def test_chore_comes_again(open_pool: None) -> None:
    pile = Pile(1, 0, 1, 0)
    keeper = await running(("again", SOON, pile.take))
    await pile.until_taken(5)
    await keeper.stop()


async def test_one_process_at_a_time_does_a_chore(open_pool: None) -> None:
    mine, yours, other = Pile(1), Pile(1), Pile(1)
    mine.gate.clear()
    first = await running(("shared", HOUR, mine.take))
    await mine.until_taken(1)
    second = await running(("shared", HOUR, yours.take), ("other", HOUR, other.take))
    await other.until_taken(2)
    await first.stop()
    await second.stop()
    assert yours.taken == 0


async def test_failure_is_reported_and_the_chore_comes_again(
    open_pool: None, caplog: pytest.LogCaptureFixture
) -> None:
    pile = Pile(ValueError("a stored value"), 1)
    keeper = await running(("failing", SOON, pile.take))
    with caplog.at_level("ERROR", "instant"):
        await pile.until_taken(3)
    await keeper.stop()
    assert "ChoreFailed" in caplog.text
    assert "a stored value" not in caplog.text


async def test_stopped_housekeeper_lets_go_of_its_chore(open_pool: None) -> None:
    pile = Pile(1)
    pile.gate.clear()
    keeper = await running(("stopped", HOUR, pile.take))
    await pile.until_taken(1)
    assert await is_locked("stopped")
    await keeper.stop()
    assert not await is_locked("stopped")
