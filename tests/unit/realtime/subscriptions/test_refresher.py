"""Which stale queries are run at once: none waits for another that is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import psycopg.errors
import pytest

from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.live_query import LiveQuery, QueryKey, Subscription
from realtime.subscriptions.refresher import Refresher
from realtime.subscriptions.shapes import Shape
from realtime.subscriptions.tasks import Tasks
from tests.unit.realtime.subscriptions.test_delivery import Watcher
from tests.until import until
from triples.instaql.answer import Answer, Viewer
from triples.sql.turns import READS_AT_ONCE
from triples.tenants import App
from wire import json
from wire.ids import new_id

LIMIT_SECONDS = 20.0


class Runner:
    """Answers queries; the slow ones not before they are let go, the failing ones never."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.begun: list[str] = []
        self.answered: list[str] = []
        self.news = asyncio.Event()

    async def run(self, live: LiveQuery) -> None:
        [name] = live.query
        live.begin_run()
        self.begun.append(name)
        self.news.set()
        if name.startswith("slow"):
            await self.let_go.wait()
        if name.startswith("failing"):
            raise psycopg.errors.QueryCanceled
        live.accept(Answer(7, 0, "", "1:1:", b"[]", ()))
        self.answered.append(name)
        self.news.set()


class Refreshing:
    """A refresher whose queries take as long as the test wants."""

    def __init__(self) -> None:
        self.runner = Runner()
        self.tasks = Tasks()
        self.refresher = Refresher(
            self.runner,  # type: ignore[arg-type]  # it is asked for no more than `run`
            self.tasks,
            lambda subscription: None,
            timeout_seconds=LIMIT_SECONDS,
        )
        self.app = AppState(App(new_id(), "app", "active", None, datetime.now(UTC), None))

    def watched(self, name: str) -> LiveQuery:
        """A query that somebody watches, and that was answered."""
        query: dict[str, Any] = {name: {}}
        key = QueryKey(json.dumps(query), True, frozenset(), Shape.JOIN_ROWS)
        live = LiveQuery(self.app, key, query, Viewer(is_admin=True, user_id=None), stale=False)
        live.subscriptions[Subscription(Watcher(), live, new_id())] = None
        return live

    def change(self, *lives: LiveQuery) -> None:
        """A transaction makes these queries stale."""
        for live in lives:
            self.refresher.mark(live, 100)
        self.refresher.start(self.app)

    async def until(self, names: list[str], seen: Callable[[], list[str]]) -> None:
        async with asyncio.timeout(LIMIT_SECONDS):
            while seen() != names:
                self.runner.news.clear()
                await self.runner.news.wait()


def tell(story: Callable[[Refreshing], Awaitable[None]]) -> None:
    async def told() -> None:
        refreshing = Refreshing()
        try:
            await story(refreshing)
        finally:
            await refreshing.tasks.stop()

    asyncio.run(told())


@pytest.mark.parametrize("slow", range(1, READS_AT_ONCE))
def test_no_query_waits_for_slow_ones_that_were_stale_before_it(slow: int) -> None:
    async def story(refreshing: Refreshing) -> None:
        names = [f"slow {number}" for number in range(slow)]
        for count, name in enumerate(names, start=1):
            refreshing.change(refreshing.watched(name))
            await refreshing.until(names[:count], lambda: refreshing.runner.begun)
        refreshing.change(refreshing.watched("quick"))
        await refreshing.until(["quick"], lambda: refreshing.runner.answered)

    tell(story)


def test_an_app_has_no_more_than_its_share_of_queries_run_at_once() -> None:
    async def story(refreshing: Refreshing) -> None:
        names = [f"slow {number}" for number in range(READS_AT_ONCE + 1)]
        for name in names:
            refreshing.change(refreshing.watched(name))
        await refreshing.until(names[:-1], lambda: refreshing.runner.begun)
        assert (refreshing.app.refreshers, len(refreshing.app.dirty)) == (READS_AT_ONCE, 1)
        refreshing.runner.let_go.set()
        await refreshing.until(names, lambda: refreshing.runner.answered)

    tell(story)


def test_query_that_is_stale_again_is_run_by_the_same_refresher() -> None:
    """A second one would run it while the first one rests."""

    async def story(refreshing: Refreshing) -> None:
        live = refreshing.watched("slow")
        refreshing.change(live)
        await refreshing.until(["slow"], lambda: refreshing.runner.begun)
        refreshing.change(live)
        refreshing.runner.let_go.set()
        await refreshing.until(["slow", "slow"], lambda: refreshing.runner.answered)
        assert refreshing.app.refreshers == 1

    tell(story)


def test_nothing_is_kept_of_a_query_that_is_dropped_before_its_run_begins() -> None:
    async def story(refreshing: Refreshing) -> None:
        live = refreshing.watched("dropped")
        refreshing.change(live)
        await until(lambda: live.run is not None)
        assert live.run is not None
        live.run.cancel()
        await until(lambda: not refreshing.app.refreshers)
        assert (refreshing.runner.begun, refreshing.app.refreshed) == ([], set())

    tell(story)


class Retries:
    """What is to be tried again later: the timers that wait for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._call_later = self._loop.call_later
        self._timers: list[asyncio.TimerHandle] = []
        self._loop.call_later = self._note  # type: ignore[assignment, method-assign]

    @property
    def waiting(self) -> int:
        return sum(not timer.cancelled() for timer in self._timers)

    def _note(
        self, delay: float, callback: Callable[..., Any], *given: Any, **options: Any
    ) -> asyncio.TimerHandle:
        timer = self._call_later(delay, callback, *given, **options)
        if any(isinstance(value, LiveQuery) for value in given):
            self._timers.append(timer)
        return timer


async def fail(refreshing: Refreshing, live: LiveQuery) -> None:
    """A change makes the query stale, and its run fails."""
    refreshing.change(live)
    await until(lambda: not live.stale and live.run is None)


def test_query_that_fails_with_each_change_is_tried_again_by_one_timer() -> None:
    """With one for each failure, it would be asked all the time for as long as it fails."""

    async def story(refreshing: Refreshing) -> None:
        retries, live = Retries(), refreshing.watched("failing")
        for _ in range(3):
            await fail(refreshing, live)
        assert (len(refreshing.runner.begun), retries.waiting) == (3, 1)

    tell(story)


def test_query_that_has_failed_for_days_is_tried_again_like_before() -> None:
    async def story(refreshing: Refreshing) -> None:
        retries, live = Retries(), refreshing.watched("failing")
        live.failed_runs = 2_000
        await fail(refreshing, live)
        assert retries.waiting == 1

    tell(story)
