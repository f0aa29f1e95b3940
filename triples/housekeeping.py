"""The loop that tidies up in the background of a server: what is due goes, a batch at a time.

What there is to tidy is a list of chores, handed in by whoever starts the loop. Every server
process runs one; an advisory lock sees to it that a chore is done by one of them at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from triples.sql import pool
from triples.sql.pool import Connection
from wire.observations import ChoreDone, ChoreFailed, frames_of, report

PAUSE_SECONDS: Final = 0.05  # between batches, for whoever waits for the disk or an app's lock

_TRY_LOCK: Final = "select pg_try_advisory_lock(hashtextextended('chore: ' || %s, 0))"
_UNLOCK: Final = "select pg_advisory_unlock(hashtextextended('chore: ' || %s, 0))"


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be tidied again and again.

    `batch` does a bounded piece, commits it, and says how much it found; it is called until that
    is nothing. Interrupted, it must be able to begin again. The connection is in autocommit.
    """

    name: str
    every_seconds: float
    batch: Callable[[Connection], Awaitable[int]]


class Housekeeper:
    """Does chores one after the other from `start` to `stop`, over the process's pool.

    Each is done at once, and again when its time has come.
    """

    def __init__(self, chores: Sequence[Chore], pause_seconds: float = PAUSE_SECONDS) -> None:
        self._chores = chores
        self._pause_seconds = pause_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="housekeeper")

    async def stop(self) -> None:
        """End at once; a batch under way is rolled back."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        due_at = {chore: now() for chore in self._chores}
        while True:
            chore = min(due_at, key=due_at.__getitem__)
            await asyncio.sleep(max(0.0, due_at[chore] - now()))
            try:
                await self._do(chore)
            except Exception as error:  # noqa: BLE001  # the edge of a loop that must go on
                name = f"{type(error).__module__}.{type(error).__qualname__}"
                report(ChoreFailed(chore.name, name, frames_of(error)))
            due_at[chore] = now() + chore.every_seconds

    async def _do(self, chore: Chore) -> None:
        done = 0
        async with pool.connection() as conn, _locked(conn, chore) as is_ours:
            while is_ours and (found := await chore.batch(conn)):
                done += found
                await asyncio.sleep(self._pause_seconds)
        if done:
            report(ChoreDone(chore.name, done))


@asynccontextmanager
async def _locked(conn: Connection, chore: Chore) -> AsyncIterator[bool]:
    """Whether the chore is this process's to do now; nobody else does it within the block."""
    row = await (await conn.execute(_TRY_LOCK, (chore.name,))).fetchone()
    is_ours = row is not None and bool(row[0])
    try:
        yield is_ours
    finally:
        if is_ours and not conn.closed:
            await conn.execute(_UNLOCK, (chore.name,))
