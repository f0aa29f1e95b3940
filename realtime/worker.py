"""The process that reads the log for all server processes: one is active, others stand by.

Who may be active is decided by an advisory lock of PostgreSQL: it goes with the connection that
holds it, so a worker that dies gives it up at once, and one that is cut off after some seconds.
The lasting slot then goes on where the last worker had acknowledged, so nothing is missed; what
that one had handed on and not yet acknowledged comes twice.

States of a worker:

    standing by ──lock taken──▶ active ──lock's connection lost──▶ standing by
    any ──stop──▶ stopped
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from redis.exceptions import RedisError

from realtime.bus.messages import Beat
from realtime.bus.redis_publisher import RedisPublisher
from realtime.changes.sort_key_repair import Repair
from realtime.changes.source import ChangeFeed
from realtime.changes.wal.slot import LastingSlot

BEAT_SECONDS: Final = 1.0
LOCK_PAUSE_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 3.0  # of the database, to whether the lock's connection still stands
LOCK_NUMBER: Final = 1_229_870_931  # "INST"; with the database it belongs to, it names the lock

# Both ends find out within five seconds that the other is gone.
_TCP: Final = {
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
_SETTINGS: Final = (
    "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=5000 -c statement_timeout=0"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Where the log is read and where changes go."""

    database_url: str
    redis_url: str


class WalWorker:
    """Reads the log while it holds the lock, and publishes changes."""

    def __init__(self, settings: WorkerSettings, repair: Repair) -> None:
        self._settings = settings
        self._repair = repair

    async def run(self) -> None:
        """Stand by, be active, and again; ends only by being cancelled."""
        while True:
            try:
                async with self._lock() as conn:
                    log.info("this worker is active")
                    await self._be_active(conn)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("this worker stands by: %s: %s", type(error).__name__, error)
            await asyncio.sleep(LOCK_PAUSE_SECONDS)

    @asynccontextmanager
    async def _lock(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Wait for the lock; it is held while the connection of the block stands."""
        parameters: dict[str, Any] = {**_TCP, **conninfo_to_dict(self._settings.database_url)}
        parameters["options"] = f"{parameters.get('options') or ''} {_SETTINGS}"
        parameters.setdefault("connect_timeout", 5)
        parameters["application_name"] = f"instant-worker {os.getpid()}"
        async with await psycopg.AsyncConnection.connect(**parameters, autocommit=True) as conn:
            while not await _taken(conn):
                await asyncio.sleep(LOCK_PAUSE_SECONDS)
            yield conn

    async def _be_active(self, conn: psycopg.AsyncConnection[Any]) -> None:
        """Read and publish until the lock's connection is lost."""
        publisher = RedisPublisher(self._settings.redis_url)
        feed = ChangeFeed(
            self._settings.database_url,
            publisher.publish,
            publisher.announce_gap,
            flush=publisher.flush,
            repair=self._repair,
            slot=LastingSlot(),
        )
        await feed.start()
        try:
            while True:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await conn.execute("select 1")
                await _beat(publisher, feed)
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            await feed.stop()
            await publisher.close()


async def _taken(conn: psycopg.AsyncConnection[Any]) -> bool:
    # Asked again and again, because a statement that waits would hold back vacuum.
    row = await (await conn.execute("select pg_try_advisory_lock(%s)", (LOCK_NUMBER,))).fetchone()
    return row is not None and bool(row[0])


async def _beat(publisher: RedisPublisher, feed: ChangeFeed) -> None:
    """Say how the feed is doing; while Redis is away nobody hears it, and that is all."""
    state = feed.state
    beat = Beat(
        publisher=publisher.id,
        is_live=state.is_live,
        delivered_lsn=state.delivered_lsn,
        seen_lsn=state.seen_lsn,
        connections=state.connections,
        failure=state.failure,
    )
    try:
        await publisher.beat(beat)
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer: %s", type(error).__name__)
