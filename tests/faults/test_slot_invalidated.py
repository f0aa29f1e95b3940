"""A slot that PostgreSQL gave up, because its reader had fallen behind `max_slot_wal_keep_size`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.faults.own_postgres import OwnPostgres, own_postgres
from tests.faults.watched import watched_todo
from tests.faults.workers import active_worker
from tests.scaled import Scaled, scaled_shape

HEALED_SECONDS: Final = 5.0
MOST_SEGMENTS: Final = 50
STATUS: Final = "select wal_status from pg_replication_slots where database = current_database()"
FILL: Final = "select pg_logical_emit_message(false, 'fill', 'a segment')"


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    """One that keeps a single segment of its log for a reader that does not read."""
    with own_postgres(max_slot_wal_keep_size="1MB", max_wal_size="32MB") as postgres:
        yield postgres


@pytest.fixture
def scaled(postgres: OwnPostgres, tmp_path: Path) -> Iterator[Scaled]:
    """Two servers and the only worker."""
    with scaled_shape(tmp_path, database_url=postgres.url) as shape:
        shape.start()
        yield shape


def test_slot_that_fell_too_far_behind_is_made_anew_and_nothing_is_missed(scaled: Scaled) -> None:
    with watched_todo(scaled, "slot") as watched:
        with active_worker(scaled).frozen():
            watched.set(1)
            _write_until_slot_is_lost(scaled.database_url)
        watched.wait_until_all_show(1, HEALED_SECONDS)
        watched.set(2)
        watched.wait_until_all_show(2, HEALED_SECONDS)
        scaled.wait_until_healthy()
        assert _status(scaled.database_url) == "reserved"


def _write_until_slot_is_lost(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        for _ in range(MOST_SEGMENTS):
            if _status(database_url) == "lost":
                return
            conn.execute(FILL)
            conn.execute("select pg_switch_wal()")
            conn.execute("checkpoint")
    raise AssertionError(f"the slot is {_status(database_url)} still")


def _status(database_url: str) -> str:
    with psycopg.connect(database_url) as conn:
        [(status,)] = conn.execute(STATUS).fetchall()
    return str(status)
