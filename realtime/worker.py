"""The process that reads the log for all server processes: one is active, others stand by.

Who may be active is decided by an advisory lock of PostgreSQL: it goes with the connection that
holds it, so a worker that dies gives it up at once. One that lives and does not say so any more,
because its network or its machine hangs, loses it to those that stand by; one that cannot reach
Redis steps back for them. The lasting slot then goes on where the last worker had acknowledged, so
nothing is missed; what that one had handed on and not yet acknowledged comes twice.

States of a worker:

    standing by ──lock taken; or its holder silent for STUCK_SECONDS──▶ active
    active ──lock's connection lost, or Redis not reached for REDIS_SECONDS──▶ standing by
    any ──stop──▶ stopped
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict
from redis.exceptions import RedisError

from realtime.bus.messages import Beat
from realtime.bus.redis_publisher import RedisPublisher
from realtime.changes.sort_key_repair import Repair
from realtime.changes.source import ChangeFeed
from realtime.changes.wal.slot import LastingSlot

BEAT_SECONDS: Final = 0.5
BEAT_TAKES_SECONDS: Final = 1.0  # at most; between two signs of life pass 1.5 s then
STUCK_SECONDS: Final = 2.5  # without a sign of life the holder of the lock is taken for dead
LOCK_PAUSE_SECONDS: Final = 0.5
STEP_BACK_SECONDS: Final = 1.0  # two tries of those that stand by
ANSWER_SECONDS: Final = 2.0  # of the database, to any statement on the lock's connection
REDIS_SECONDS: Final = 1.5  # without a beat that Redis took, others may be better off
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

# End whoever holds the lock and has said nothing for a while: each statement is a sign of life.
_END_STUCK: Final = """
select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and granted and classid = 0 and objid = %s and objsubid = 1
  and pg_locks.database = (select oid from pg_database where datname = current_database())
  and state_change < clock_timestamp() - %s * interval '1 s'
"""


class RedisLost(Exception):
    """Redis took no beat for too long."""


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
            except RedisLost as error:
                log.warning("this worker steps back: %s", error)
                await asyncio.sleep(STEP_BACK_SECONDS)
            except (psycopg.Error, OSError) as error:
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
            slot=LastingSlot(lock_pid=conn.info.backend_pid),
        )
        await feed.start()
        heard_at = time.monotonic()
        try:
            while True:
                await _ask(conn, "select true")
                if await _beat(publisher, feed):
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > REDIS_SECONDS:
                    raise RedisLost(f"Redis was not reached for {REDIS_SECONDS:.1f} s")
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            await feed.stop()
            await publisher.close()


async def _taken(conn: psycopg.AsyncConnection[Any]) -> bool:
    # Asked again and again, because a statement that waits would hold back vacuum.
    if await _ask(conn, "select pg_try_advisory_lock(%s)", LOCK_NUMBER):
        return True
    if await _ask(conn, _END_STUCK, LOCK_NUMBER, STUCK_SECONDS):
        log.warning("the active worker gave no sign of life for %.1f s", STUCK_SECONDS)
    return False


async def _ask(conn: psycopg.AsyncConnection[Any], question: LiteralString, *values: Any) -> bool:
    """Whether the answer is yes; raises `psycopg.Error`, also without an answer in time.

    The link is cut then: a cancelled statement would wait for the database to confirm that.
    """
    timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, _cut, conn)
    try:
        row = await (await conn.execute(question, values)).fetchone()
    finally:
        timer.cancel()
    return row is not None and bool(row[0])


def _cut(conn: psycopg.AsyncConnection[Any]) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(conn.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)


async def _beat(publisher: RedisPublisher, feed: ChangeFeed) -> bool:
    """Say how the feed is doing; whether Redis took it."""
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
        async with asyncio.timeout(BEAT_TAKES_SECONDS):
            await publisher.beat(beat)
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer: %s", type(error).__name__)
        return False
    return True
