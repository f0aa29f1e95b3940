"""The worker of the scaled shape: one is active, the next one takes over and misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from tests.faults.workers import active_worker, drop_slot, wait_until_all_run
from tests.realtime.peer import Message, Peer, peer
from tests.realtime.steps import Namespace, new_id
from tests.scaled import Scaled, scaled_shape
from tests.sdk.apps import App, create_app

TAKE_OVER_SECONDS = 5.0
HEALED_SECONDS = 5.0

SLOTS = "select slot_name, active from pg_replication_slots where database = current_database()"
SET_N = "update triples set value = to_jsonb(%s) where app_id = %s and attr_id = %s"
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


@dataclass(slots=True)
class Watched:
    """A todo and who looks at it: one session on each server."""

    database_url: str
    app: App
    todos: Namespace
    watchers: list[Peer]

    def set(self, n: int) -> None:
        """Change the todo's `n` behind the servers' backs."""
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            values = [n, self.app.id, self.todos.attr_ids["n"]]
            assert conn.execute(SET_N, values).rowcount == 1

    def wait_until_all_show(self, n: int, seconds: float = 30.0) -> None:
        """Wait until both sessions were sent the todo with this `n`."""
        for watcher in self.watchers:
            watcher.hear_where(lambda message: n in self._shown(message), f"n = {n}", seconds)

    def _shown(self, message: Message) -> list[object]:
        return [
            row["n"]
            for computation in message.get("computations") or []
            for row in self.todos.rows(computation["instaql-result"]).values()
        ]


@pytest.fixture
def watched(scaled: Scaled, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Both sessions show a todo whose `n` is 0."""
    app, todos = create_app(scaled, request.node.name), Namespace.of("todos", "n")
    with peer(scaled, app.id) as ann, peer(scaled, app.id) as bob:
        for watcher in (ann, bob):
            assert watcher.init(app.id)["op"] == "init-ok"
        answer = ann.transact(*todos.add_attrs(), *todos.put(new_id(), n=0))
        assert answer["op"] == "transact-ok"
        for watcher in (ann, bob):
            watcher.ask("add-query", q={"todos": {}})
        yield Watched(scaled.database_url, app, todos, [ann, bob])


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
