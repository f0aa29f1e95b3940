"""The hub's tasks: kept until they end, told of when they break, cancelled together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import psycopg

from wire.observations import HubTaskFailed, frames_of, report

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0

Outcome = TypeVar("Outcome")


class Tasks:
    """What runs in the background of one hub."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self.is_stopped = False

    def spawn(self, work: Coroutine[Any, Any, Outcome]) -> asyncio.Task[Outcome]:
        """Start a task; what it raises is reported."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Cancel everything that runs."""
        self.is_stopped = True
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            report_broken(error)


async def patiently(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Do it again, after a pause, while the database is away or no connection is free.

    What ends that is the caller's business: a deadline, or the end of its task.
    """
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await work()
        except psycopg.errors.QueryCanceled:
            raise
        except (psycopg.OperationalError, psycopg.InterfaceError):
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)


def report_broken(error: BaseException) -> None:
    """Tell of a failure that nobody waits for."""
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    report(HubTaskFailed(name, frames_of(error)))
