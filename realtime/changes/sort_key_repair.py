"""Asks for the sort keys of rows that were written behind our back.

psql, the ORM and backfills do not compute the key that orders a typed, indexed value. The change
feed sees such rows; here an app is queued for repair, one app at a time, each no more often than
once in a while. How keys are computed is the storage's business: `repair` is given. A repair shows
up in the feed as changes of its own, which refresh the queries that order or compare by the key.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

PAUSE_SECONDS = 1.0  # between two repairs of one app: a loop of single writes is repaired in bulk
MAX_WAITING_APPS = 10_000  # beyond this an app waits for its next write

log = logging.getLogger(__name__)

Repair = Callable[[str], Awaitable[object]]


class SortKeyRepair:
    """Runs `repair(app_id)` for apps in need, in a task of its own while there are any."""

    def __init__(self, repair: Repair, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._repair = repair
        self._pause_seconds = pause_seconds
        self._waiting: dict[str, float] = {}  # app id → not before, monotonic; oldest first
        self._started_at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def request(self, app_id: str) -> None:
        """Repair the app soon; returns at once. Requests for a waiting app are one."""
        if app_id in self._waiting or len(self._waiting) >= MAX_WAITING_APPS:
            return
        now = time.monotonic()
        self._waiting[app_id] = self._started_at.get(app_id, now - self._pause_seconds) + (
            self._pause_seconds
        )
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="sort key repair")

    async def stop(self) -> None:
        """Cancel a repair under way and forget the waiting ones."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            app_id = min(self._waiting, key=self._waiting.__getitem__)
            await asyncio.sleep(max(0.0, self._waiting.pop(app_id) - time.monotonic()))
            self._forget_old_starts()
            self._started_at[app_id] = time.monotonic()
            try:
                await self._repair(app_id)
            except Exception:
                log.exception("sort keys of app %s were not repaired", app_id)

    def _forget_old_starts(self) -> None:
        horizon = time.monotonic() - self._pause_seconds
        self._started_at = {app: at for app, at in self._started_at.items() if at > horizon}
