"""`GET /health/system` says ok only when changes reach live queries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.test import RequestFactory

from realtime import health
from realtime.changes.source import MAX_LAG_BYTES, FeedState
from tests.database.changes.fed import Fed, running
from triples.sql import pool

OK, ERROR = (200, b'{"wal":"ok"}'), (500, b'{"wal":"error"}')


@dataclass(slots=True)
class ClaimedFeed:
    """A feed in a state that is hard to reach for real."""

    state: FeedState

    async def start(self) -> None:
        """It is what it is."""

    async def stop(self) -> None:
        """It is what it is."""

    async def wait_until_live(self, timeout_seconds: float) -> None:
        """It is what it is."""


@pytest.fixture(autouse=True)
def forget_feed() -> Iterator[None]:
    yield
    health.watch(None)


async def answer() -> tuple[int, bytes]:
    response = await health.system_health(RequestFactory().get("/health/system"))
    return response.status_code, response.content


def beside_live_feed(database_url: str, story: Callable[[Fed], Awaitable[Any]]) -> Any:
    """Run a story with an open pool and a live, watched feed."""

    async def told() -> Any:
        await pool.open_pool(database_url, max_size=1)
        try:
            async with running(database_url) as fed:
                health.watch(fed.feed)
                return await story(fed)
        finally:
            await pool.close_pool()

    return asyncio.run(told())


def test_live_feed_is_healthy(database_url: str) -> None:
    async def story(fed: Fed) -> None:
        assert await answer() == OK

    beside_live_feed(database_url, story)


def test_without_a_feed_it_is_an_error(database_url: str) -> None:
    async def story(fed: Fed) -> None:
        health.watch(None)
        assert await answer() == ERROR

    beside_live_feed(database_url, story)


def test_stopped_feed_is_an_error(database_url: str) -> None:
    async def story(fed: Fed) -> None:
        await fed.feed.stop()
        assert await answer() == ERROR

    beside_live_feed(database_url, story)


def test_unreachable_database_is_an_error(database_url: str) -> None:
    async def story(fed: Fed) -> None:
        await pool.close_pool()
        assert await answer() == ERROR

    beside_live_feed(database_url, story)


@pytest.mark.parametrize(
    ("is_live", "behind", "expected"),
    [
        pytest.param(True, 0, OK, id="live and close behind"),
        pytest.param(False, 0, ERROR, id="not heard for too long"),
        pytest.param(True, MAX_LAG_BYTES + 1, ERROR, id="too far behind the database"),
    ],
)
def test_state_of_the_feed_decides(
    database_url: str, is_live: bool, behind: int, expected: tuple[int, bytes]
) -> None:
    async def story(fed: Fed) -> None:
        state = fed.feed.state
        claimed = replace(state, delivered_lsn=state.delivered_lsn - behind, is_live=is_live)
        health.watch(ClaimedFeed(claimed))
        assert await answer() == expected

    beside_live_feed(database_url, story)
