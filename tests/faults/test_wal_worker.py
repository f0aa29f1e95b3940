"""The worker of the scaled shape: one is active, the next one takes over and misses nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.watched import Watched, watched_todo
from tests.faults.workers import active_worker, drop_slot, wait_until_all_run
from tests.scaled import Scaled, scaled_shape

TAKE_OVER_SECONDS = 5.0
HEALED_SECONDS = 5.0

SLOTS = "select slot_name, active from pg_replication_slots where database = current_database()"
CUT_ALL = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaled]:
    """Two servers, two workers."""
    with scaled_shape(tmp_path_factory.mktemp("scaled"), servers=2, workers=2) as shape:
        shape.start()
        yield shape


@pytest.fixture
def watched(scaled: Scaled, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Both sessions show a todo whose `n` is 0."""
    with watched_todo(scaled, request.node.name) as todo:
        yield todo


def test_change_reaches_both_servers(scaled: Scaled, watched: Watched) -> None:
    watched.set(1)
    watched.wait_until_all_show(1)


def test_next_worker_takes_over_in_time_and_misses_nothing(
    scaled: Scaled, watched: Watched
) -> None:
    for round_number in range(1, 4):
        wait_until_all_run(scaled)
        active = active_worker(scaled)
        active.kill()
        watched.set(round_number)
        watched.wait_until_all_show(round_number, TAKE_OVER_SECONDS)
        active.start()


def test_slot_is_kept_while_no_worker_runs(scaled: Scaled, watched: Watched) -> None:
    for worker in scaled.workers:
        worker.stop()
    with psycopg.connect(scaled.database_url) as conn:
        [(name, active)] = conn.execute(SLOTS).fetchall()
        assert not active
    watched.set(7)
    for worker in scaled.workers:
        worker.start()
    watched.wait_until_all_show(7)
    with psycopg.connect(scaled.database_url) as conn:
        assert conn.execute(SLOTS).fetchall() == [(name, True)]


def test_dropped_slot_is_made_anew_and_every_live_query_is_answered_again(
    scaled: Scaled, watched: Watched
) -> None:
    for worker in scaled.workers:
        worker.stop()
    drop_slot(scaled.database_url)
    watched.set(8)
    for worker in scaled.workers:
        worker.start()
    watched.wait_until_all_show(8)


def test_redis_that_forgot_everything_is_no_loss(scaled: Scaled, watched: Watched) -> None:
    scaled.redis.kill()
    watched.set(9)
    scaled.redis.start()
    watched.wait_until_all_show(9, HEALED_SECONDS)
    scaled.wait_until_healthy()


def test_terminated_back_ends_are_no_loss(scaled: Scaled, watched: Watched) -> None:
    with psycopg.connect(scaled.database_url, autocommit=True) as conn:
        conn.execute(CUT_ALL)
    watched.set(10)
    watched.wait_until_all_show(10, HEALED_SECONDS)
