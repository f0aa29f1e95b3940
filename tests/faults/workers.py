"""What PostgreSQL knows of the workers: which of them run, which is active, what they read."""

from __future__ import annotations

import time
from typing import Final, LiteralString

import psycopg

from tests.scaled import Scaled, Worker

START_SECONDS: Final = 60.0  # Python takes a while to start

# A worker names its connection by its process; workers of other databases are others' business.
_RUNNING: Final = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name like 'instant-worker %'
"""
_LOCK_HOLDER: Final = """
select substring(application_name from '[0-9]+$')::int
from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and granted
  and datname = current_database() and application_name like 'instant-worker %'
"""
_READ_SLOTS: Final = """
select count(*) from pg_replication_slots
where database = current_database() and active and not temporary
"""
_DROP_SLOT: Final = """
select pg_drop_replication_slot(slot_name) from pg_replication_slots
where database = current_database()
"""


def wait_until_all_run(scaled: Scaled) -> None:
    """Wait until each worker is active or stands by."""
    _wait_for(scaled.database_url, _RUNNING, len(scaled.workers))


def active_worker(scaled: Scaled) -> Worker:
    """The one that holds the lock; waits until one does."""
    by_pid = {worker.process.pid: worker for worker in scaled.workers if worker.process}
    with psycopg.connect(scaled.database_url, autocommit=True) as conn:
        deadline = time.monotonic() + START_SECONDS
        while (row := conn.execute(_LOCK_HOLDER).fetchone()) is None or row[0] not in by_pid:
            assert time.monotonic() < deadline, "no worker is active"
            time.sleep(0.02)
    return by_pid[row[0]]


def drop_slot(database_url: str) -> None:
    """Drop the workers' slot; none of them may run."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(_DROP_SLOT)


def wait_until_slot_is_read(scaled: Scaled) -> None:
    """Wait until a worker reads a lasting slot."""
    _wait_for(scaled.database_url, _READ_SLOTS, 1)


def _wait_for(database_url: str, count: LiteralString, expected: int) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        deadline = time.monotonic() + START_SECONDS
        while (row := conn.execute(count).fetchone()) != (expected,):
            assert time.monotonic() < deadline, f"{row} instead of {expected}: {count}"
            time.sleep(0.02)
