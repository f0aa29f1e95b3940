"""Limits: slow operations, silent sockets, readers that do not read (checklist 8 and 14)."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import pytest

from realtime.receive_queue import WORKERS
from tests.realtime.app_lock import ServerWithDatabase, app_lock_held
from tests.realtime.deaf_socket import DeafSocket
from tests.realtime.peer import Message, Peer, SocketServer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, HttpServer

OP_LIMIT_SECONDS = 5
PING_SECONDS = 5
IDLE_CLOSE_SECONDS = 20
DEAF_CLOSE_SECONDS = 10  # sooner than a socket is closed for not answering pings
MEBIBYTE = 1024 * 1024
MORE_THAN_WORKERS = 10
WAITING_OPS = re.compile(r"^instant_waiting_ops ([0-9.]+)$", re.MULTILINE)
LARGE_QUERIES = 20
LARGE_CHANGES = 30  # many more than fill the bound: changes that come fast share their answers

WAITING_FOR_THE_APP_LOCK = """
select count(*) from pg_locks
where locktype = 'advisory' and not granted and database = (
  select oid from pg_database where datname = current_database())
"""


class Server(SocketServer, ServerWithDatabase, HttpServer, Protocol):
    """A server whose sockets, database and metrics tests may reach."""


def test_write_that_takes_too_long_is_cancelled(server: Server, ann: Peer, app: App) -> None:
    todos, milk = Namespace.of("todos", "text"), new_id()
    with app_lock_held(server, app) as conn:
        refusal = ann.transact(*todos.add_attrs(), *todos.put(milk, text="milk"))
        waiting = conn.execute(WAITING_FOR_THE_APP_LOCK).fetchone()

    assert (refusal["type"], refusal["status"]) == ("operation-timed-out", 500)
    assert refusal["hint"] == {"timeout-ms": OP_LIMIT_SECONDS * 1000}
    assert waiting == (0,), "PostgreSQL no longer waits on its behalf"
    assert ann.transact()["op"] == "transact-ok"
    assert ann.ask("add-query", q={"todos": {}})["result"][0]["data"]["datalog-result"] == {
        "join-rows": [[]]
    }


def test_slow_write_does_not_hold_up_reads_or_other_apps(
    server: Server,
    ann: Peer,
    bob: Peer,
    app: App,
    dial: Callable[[], Peer],
    other_app: App,
) -> None:
    elsewhere = dial()
    elsewhere.init(other_app.id)
    with app_lock_held(server, app):
        event = ann.say("transact", tx_steps=[], created=1, order=1)
        assert ann.ask("add-query", q={"todos": {}})["op"] == "add-query-ok"
        assert bob.ask("add-query", q={"goals": {}})["op"] == "add-query-ok"
        assert elsewhere.transact()["op"] == "transact-ok"

    assert ann.hear_where(lambda m: m.get("client-event-id") == event, "the write")


def test_hundreds_of_operations_that_wait_leave_workers_to_other_apps(
    server: Server, app: App, other_app: App, dial: Callable[[], Peer]
) -> None:
    writers = [dial() for _ in range(WORKERS + MORE_THAN_WORKERS)]
    for writer in writers:
        writer.init(app.id)
    elsewhere = dial()
    elsewhere.init(other_app.id)
    with app_lock_held(server, app):
        for writer in writers:
            writer.say("transact", tx_steps=[])
        while _waiting_ops(server) < MORE_THAN_WORKERS:
            pass
        began = time.monotonic()
        assert elsewhere.transact()["op"] == "transact-ok"
        assert time.monotonic() - began < OP_LIMIT_SECONDS / 2, "it waited until others timed out"


def test_socket_that_answers_no_ping_is_closed(server: SocketServer, app: App) -> None:
    """15 s without a sign of life end the connection (§1.2)."""
    with DeafSocket(server.ws_url, app.id) as silent:
        silent.init()
        seconds = silent.seconds_until_closed(limit=IDLE_CLOSE_SECONDS + 5, answer_pings=False)

    assert seconds <= IDLE_CLOSE_SECONDS
    assert silent.ping_seconds[0] == pytest.approx(PING_SECONDS, abs=1)


def test_socket_that_only_answers_pings_stays_open(server: SocketServer, app: App) -> None:
    with DeafSocket(server.ws_url, app.id) as idle:
        idle.init()
        still_open = idle.seconds_until_closed(limit=IDLE_CLOSE_SECONDS, answer_pings=True)

    assert still_open == pytest.approx(IDLE_CLOSE_SECONDS, abs=1)
    assert len(idle.ping_seconds) >= 3
    assert max(_gaps(idle.ping_seconds)) == pytest.approx(PING_SECONDS, abs=1)


def test_reader_that_does_not_read_is_closed_and_nobody_else_notices(
    server: SocketServer, ann: Peer, bob: Peer, app: App
) -> None:
    """Its answers pile up to the bound; then its connection ends, and theirs do not."""
    todos, big = Namespace.of("todos", "text"), new_id()
    ann.transact(*todos.add_attrs(), *todos.put(big, text="x" * MEBIBYTE))
    bob.ask("add-query", q={"todos": {}, "last": {}})
    with DeafSocket(server.ws_url, app.id) as deaf:
        deaf.init()
        for n in range(LARGE_QUERIES):
            deaf.say("add-query", q={"todos": {}, f"n{n}": {}})
        for n in range(LARGE_CHANGES):
            text = f"{n}" + "x" * MEBIBYTE
            ann.transact(*todos.put(big, text=text))
            # One after the other: changes that wait together may be answered as one.
            bob.hear_where(_shows(text), "the change")
        received = deaf.drain(limit=DEAF_CLOSE_SECONDS)

    assert received is not None, "the connection was ended"
    assert received < LARGE_QUERIES * LARGE_CHANGES * MEBIBYTE
    bread = new_id()
    assert ann.transact(*todos.put(bread, text="bread"))["op"] == "transact-ok"
    assert bob.hear_where(lambda message: bread in str(message), "the new todo")


def _shows(text: str) -> Callable[[Message], bool]:
    return lambda message: text in str(message)


def _gaps(seconds: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(seconds)]


def _waiting_ops(server: HttpServer) -> float:
    with urllib.request.urlopen(f"{server.http_url}/metrics", timeout=10) as answer:
        found = WAITING_OPS.search(answer.read().decode())
    assert found is not None
    return float(found[1])
