"""The loop that does jobs in the background of a server; several processes may run one each.

A batch at a time, of the job that has waited longest, so that a big job delays no small one. A
process that queues jobs wakes its own worker; others look for work now and then.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.errors import DeadlockDetected, QueryCanceled, SerializationFailure

from triples.indexing.stages import fail_next, run_batch
from triples.sql import pool
from wire.observations import IndexingBatchFailed, frames_of, report

LOOK_SECONDS: Final = 2.0  # how late a job starts whose process died before it woke its worker

_workers: set[IndexingWorker] = set()


def wake_workers() -> None:
    """There are new jobs."""
    for worker in _workers:
        worker.wake()


class IndexingWorker:
    """Does jobs from `start` to `stop`, over the process's pool."""

    def __init__(self, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; jobs that another process left unfinished are continued."""
        self._task = asyncio.create_task(self._run(), name="indexing worker")
        _workers.add(self)

    async def stop(self) -> None:
        """End at once; the batch under way is rolled back, and done again by whoever comes next."""
        _workers.discard(self)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                found = await self._batch()
            except Exception as error:  # noqa: BLE001  # the edge of a loop that must go on
                _report(error)
                found = False
            if not found:
                # `wait_for` loses a cancellation that meets what it waits for, on Python 3.11.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_seconds):
                        await self._woken.wait()

    async def _batch(self) -> bool:
        async with pool.connection() as conn:
            try:
                return await run_batch(conn)
            except (DeadlockDetected, SerializationFailure, QueryCanceled) as error:
                _report(error)  # tried again after a pause
                return False
            except psycopg.OperationalError:
                raise  # the database is away: the job is not at fault
            except psycopg.Error as error:
                _report(error)
                await fail_next(conn)
                return True


def _report(error: BaseException) -> None:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    report(IndexingBatchFailed(name, frames_of(error)))
