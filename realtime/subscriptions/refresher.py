"""Stale queries become fresh answers: which is run when, and what becomes of one that fails.

Each app has a queue of stale queries and a few refreshers that work it off. A query is run once for
all changes that came before, and again for those that came meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import psycopg.errors

from realtime.measures import ANSWER_SECONDS, REFRESHES_SUPPRESSED
from realtime.subscriptions import delivery
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.live_query import LiveQuery, Subscription
from realtime.subscriptions.pace import BUSY_SECONDS, Pace
from realtime.subscriptions.runner import QueryRunner
from realtime.subscriptions.tasks import Tasks, patiently
from realtime.subscriptions.views import ViewOutdated
from triples.sql.turns import READS_AT_ONCE
from wire.errors import InstantError, OperationTimedOut, QueryTimeout
from wire.observations import LiveQueryFailed, frames_of, report

LONGEST_RETRY_SECONDS: Final = 60.0  # what is always too slow must not be asked all the time
MAX_FAILED_RUNS: Final = 10  # to count: the longest pause is reached before
PASSING: Final = frozenset((OperationTimedOut.type, QueryTimeout.type))


class Refresher:
    """Answers stale queries of all apps; `move` is called for subscriptions whose view changed."""

    def __init__(
        self,
        runner: QueryRunner,
        tasks: Tasks,
        move: Callable[[Subscription], None],
        *,
        timeout_seconds: float,
    ) -> None:
        self._runner = runner
        self._tasks = tasks
        self._move = move
        self._timeout_seconds = timeout_seconds
        self._pace = Pace()

    def mark(self, live: LiveQuery, xid: int | None, tx_id: int | None = None) -> None:
        """A transaction may have altered the answer; `start` its app once all are marked."""
        is_waiting = live.stale
        live.mark_stale(xid, tx_id)
        if live.run is None and not is_waiting:
            live.app.dirty.append(live)

    def start(self, state: AppState) -> None:
        """See to it that the app's stale queries are answered.

        A refresher that waits for a slow query does not count: others must not wait for it too.
        One that rests does, or the rest would be none.
        """
        while state.refreshers < READS_AT_ONCE and state.refreshers - len(state.refreshed) < len(
            state.dirty
        ):
            state.refreshers += 1
            self._tasks.spawn(self._refresh_dirty(state))

    async def _refresh_dirty(self, state: AppState) -> None:
        """Answer the app's stale queries one after the other, beside other refreshers.

        What changes while a busy app rests is answered with the next run.
        """
        loop = asyncio.get_running_loop()
        busy_since = loop.time()
        try:
            while state.dirty:
                live = state.dirty.popleft()
                if not live.stale or live.run is not None or not live.subscriptions:
                    continue
                began, is_again = loop.time(), live.ran_at >= busy_since
                live.ran_at = began
                self._pace.ran(state.id, began)
                state.refreshed.add(live)
                run = self.run(live)
                await asyncio.wait({run})
                if run.cancelled():
                    state.refreshed.discard(live)  # it may not even have begun
                if is_again and began - busy_since > BUSY_SECONDS:
                    await asyncio.sleep(self._pace.rest_seconds(state.id, began, loop.time()))
        finally:
            state.refreshers -= 1

    def run(self, live: LiveQuery) -> asyncio.Task[bool]:
        """Answer the query now; whatever becomes of it is told to its subscribers.

        The result is false where its view is outdated, so that it has neither answer nor failure.
        """
        live.run = self._tasks.spawn(self._run(live))
        return live.run

    async def _run(self, live: LiveQuery) -> bool:
        """Compute one answer and hand it on; a failure goes to this query's subscribers only."""
        version = live.version
        try:
            with ANSWER_SECONDS.time():
                async with asyncio.timeout(self._timeout_seconds):
                    await patiently(partial(self._runner.run, live))
        except ViewOutdated:
            live.mark_stale(None)
            for subscription in live.subscriptions:
                self._move(subscription)
            return False
        except TimeoutError:
            live.fail(OperationTimedOut(int(self._timeout_seconds * 1000)))
        except InstantError as error:
            live.fail(error)
            live.app.index.watch_names(live)  # another change of the schema may allow it again
        except psycopg.errors.QueryCanceled:
            live.fail(QueryTimeout())
        except Exception as error:  # noqa: BLE001  # the edge: subscribers are told whatever broke
            name = f"{type(error).__module__}.{type(error).__qualname__}"
            report(LiveQueryFailed(live.app.id, name, frames_of(error)))
            live.fail(error)
        finally:
            live.run = None
            live.app.refreshed.discard(live)
        if live.failure is not None:
            delivery.report_failure(live, live.failure)
            if not isinstance(live.failure, InstantError) or live.failure.type in PASSING:
                self._retry_later(live)
            self._run_again_if_stale(live)
            return True
        live.failed_runs = 0
        if live.version == version:
            REFRESHES_SUPPRESSED.inc()
        delivery.deliver(live)
        self._run_again_if_stale(live)
        return True

    def _run_again_if_stale(self, live: LiveQuery) -> None:
        """Whatever was marked during a run has not been answered by it."""
        if live.stale:
            live.app.dirty.append(live)
            self.start(live.app)

    def _retry_later(self, live: LiveQuery) -> None:
        """What failed for want of time or a database may work later, without another change."""
        live.failed_runs = min(live.failed_runs + 1, MAX_FAILED_RUNS)
        seconds = min(2.0**live.failed_runs, LONGEST_RETRY_SECONDS)
        if live.retry is not None:  # else each change that fails too would add one more for ever
            live.retry.cancel()
        live.retry = asyncio.get_running_loop().call_later(seconds, self._retry, live)

    def _retry(self, live: LiveQuery) -> None:
        live.retry = None
        if live.failure is None or live.run is not None or self._tasks.is_stopped:
            return
        if live.subscriptions:
            self.mark(live, None)
            self.start(live.app)
