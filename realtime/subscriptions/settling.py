"""Apps that were joined while transactions ran: their queries are answered once more afterwards.

A transaction may have been published before its app was joined and yet not show in the snapshots
of the first answers, if it was between its commit record and its showing at that moment. Which one
was, nobody can tell, so all that ran then are waited for, for a short while: a longer one has not
committed. Answers that do not differ are not sent, so this costs a query and no more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from realtime.visibility import current_snapshot, fenced_snapshot
from triples.sql import pool

SETTLE_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.02


@dataclass(slots=True)
class _Waiting:
    running: frozenset[int]
    until: float


class Settling:
    """Calls `settled(app_id)` for each app that was joined while something ran."""

    def __init__(self, settled: Callable[[str], None]) -> None:
        self._settled = settled
        self._waiting: dict[str, _Waiting] = {}
        self._task: asyncio.Task[None] | None = None

    async def begin(self, *app_ids: str) -> None:
        """These apps were joined just now."""
        async with pool.connection() as conn:
            running = (await fenced_snapshot(conn)).running
        if not running:
            return
        for app_id in app_ids:
            self._waiting[app_id] = _Waiting(running, time.monotonic() + SETTLE_SECONDS)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="settling of joined apps")

    async def stop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(PAUSE_SECONDS)
            async with pool.connection() as conn:
                running = (await current_snapshot(conn)).running
            now = time.monotonic()
            for app_id, waiting in list(self._waiting.items()):
                if now > waiting.until or waiting.running.isdisjoint(running):
                    del self._waiting[app_id]
                    self._settled(app_id)
