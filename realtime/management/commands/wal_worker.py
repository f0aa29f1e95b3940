"""`manage.py wal_worker`: read the log for all server processes that share a Redis."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from realtime.lifecycle import repair_sort_keys
from realtime.worker import WalWorker, WorkerSettings
from triples.sql import pool

POOL_SIZE = 2  # the repair of sort keys is all that uses it


class Command(BaseCommand):
    """Runs until it is told to stop; any number may run, and one of them is active."""

    help = (
        "Read the database's log and tell the server processes, by way of Redis, what changed. "
        "Run two or more: one is active and the others stand by."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run with what INSTANT_DATABASE_URL and INSTANT_REDIS_URL say."""
        redis_url = settings.ENVIRONMENT.redis_url
        if redis_url is None:
            raise CommandError(
                "Set INSTANT_REDIS_URL: without it, the server reads the log itself."
            )
        asyncio.run(_run(WorkerSettings(settings.DATABASE_URL, redis_url)))


async def _run(chosen: WorkerSettings) -> None:
    await pool.open_pool(chosen.database_url, max_size=POOL_SIZE)
    working = asyncio.create_task(WalWorker(chosen, repair_sort_keys).run(), name="wal worker")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await working
    finally:
        await pool.close_pool()
