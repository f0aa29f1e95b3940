"""A query whose socket closes is cancelled in PostgreSQL, unless others still wait for its answer.

The server of these tests never gives up by itself, so whatever ends a statement is the closing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest

from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace
from tests.served import ServedDatabase, served_database

PATIENCE_SECONDS: Final = 600
WAIT_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.02
TODOS: Final[dict[str, Any]] = {"todos": {}}

_WAITING_READS: Final = """
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
  and state = 'active' and wait_event_type = 'Lock' and query like 'with rows_0 %'
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDatabase]:
    """A server that waits for as long as a test may take."""
    patience = {
        "INSTANT_OPERATION_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        "INSTANT_STATEMENT_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
    }
    with served_database(tmp_path_factory.mktemp("patient"), **patience) as served:
        served.start()
        yield served


class Reads:
    """Reads of triples cannot go on while one of these stands; `waiting` counts them."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn

    @property
    def waiting(self) -> int:
        row = self._conn.execute(_WAITING_READS).fetchone()
        assert row is not None
        return int(row[0])

    def wait_until(self, count: int) -> None:
        """Return once as many reads wait."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (waiting := self.waiting) != count:
            assert time.monotonic() < deadline, f"{waiting} reads wait instead of {count}"
            time.sleep(POLL_SECONDS)


@contextmanager
def reads_held_up(server: ServedDatabase) -> Iterator[Reads]:
    """Lock the triples against every reader for the length of a block."""
    with (
        psycopg.connect(server.database_url) as locker,
        psycopg.connect(server.database_url, autocommit=True) as watcher,
    ):
        locker.execute("lock table triples in access exclusive mode")
        yield Reads(watcher)
        locker.rollback()


def _make_todos(socket: Peer) -> None:
    """A namespace to ask for: what has no attrs is answered without reading triples."""
    reply = socket.transact(*Namespace.of("todos", "text").add_attrs())
    assert reply["op"] == "transact-ok", reply


@pytest.mark.parametrize("way", ["politely", "without a word"])
def test_query_of_a_closed_socket_is_cancelled(
    server: ServedDatabase, join: Callable[[], Peer], way: str
) -> None:
    leaving = join()
    _make_todos(leaving)
    with reads_held_up(server) as reads:
        leaving.say("add-query", q=TODOS)
        reads.wait_until(1)
        if way == "politely":
            leaving.socket.close()
        else:
            leaving.socket.socket.close()
        reads.wait_until(0)


def test_who_stays_is_answered(server: ServedDatabase, join: Callable[[], Peer]) -> None:
    leaving, staying = join(), join()
    _make_todos(leaving)
    with reads_held_up(server) as reads:
        leaving.say("add-query", q=TODOS)
        asked = staying.say("add-query", q=TODOS)
        reads.wait_until(1)
        leaving.socket.close()
        join().ask("fence")
        reads.wait_until(1)
    assert staying.hear("add-query-ok", asked)["q"] == TODOS
