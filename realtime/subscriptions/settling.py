"""Apps that were joined while transactions ran: their queries are answered once more afterwards.

A transaction may have been published before its app was joined and yet not show in the snapshots
of the first answers, if it was between its commit record and its showing at that moment. Which one
was, nobody can tell, so all that ran then are waited for, for a short while: a longer one has not
committed. Answers that do not differ are not sent, so this costs a query and no more. Where the
database does not say what runs, the while is waited for in any case.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import psycopg

from realtime.visibility import Snapshot, current_snapshot, fenced_snapshot
from triples.sql import pool
from triples.sql.pool import Connection

SETTLE_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.02


@dataclass(slots=True)
class _Waiting:
    """An app, and what ran when it was joined; None where nobody knows."""

    running: frozenset[int] | None
    until: float


class Settling:
    """Calls `settled(app_id)` for each app that was joined while something ran."""

    def __init__(self, settled: Callable[[str], None]) -> None:
        self._settled = settled
        self._waiting: dict[str, _Waiting] = {}
        self._task: asyncio.Task[None] | None = None

    async def begin(self, *app_ids: str) -> None:
        """These apps were joined just now."""
        running = await _running(fenced_snapshot)
        if running is not None and not running:
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
            running = await _running(current_snapshot)
            now = time.monotonic()
            for app_id, waiting in list(self._waiting.items()):
                if now > waiting.until or _have_ended(waiting.running, running):
                    del self._waiting[app_id]
                    self._settled(app_id)


def _have_ended(waited_for: frozenset[int] | None, running: frozenset[int] | None) -> bool:
    return waited_for is not None and running is not None and waited_for.isdisjoint(running)


async def _running(ask: Callable[[Connection], Awaitable[Snapshot]]) -> frozenset[int] | None:
    """What runs now, None if the database does not say: no connection is free, or it is away."""
    try:
        async with pool.connection() as conn:
            return (await ask(conn)).running
    except (psycopg.OperationalError, psycopg.InterfaceError):
        return None
