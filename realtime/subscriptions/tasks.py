"""The hub's tasks: kept until they end, told of when they break, cancelled together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from wire.observations import HubTaskFailed, frames_of, report

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


def report_broken(error: BaseException) -> None:
    """Tell of a failure that nobody waits for."""
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    report(HubTaskFailed(name, frames_of(error)))
