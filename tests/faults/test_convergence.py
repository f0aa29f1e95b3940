"""Whatever breaks, subscribers of the published SDK end up with what is stored, and soon.

Writers go on while one thing after the other breaks: workers, a server, back ends, PostgreSQL, the
slot, Redis, sockets. After each, when everything runs again and while the writers still write, a
change must reach every subscriber within five seconds; once they pause, every subscriber must have
what a newcomer gets. No acknowledged write is missing, none was done twice, and no subscriber's
tx ids went backwards.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.own_postgres import OwnPostgres, own_postgres
from tests.faults.socket_proxy import SocketProxy
from tests.faults.stored import values_of
from tests.faults.workers import (
    active_worker,
    drop_slot,
    wait_until_all_run,
    wait_until_slot_is_read,
)
from tests.faults.writing import Writing
from tests.realtime.steps import new_id
from tests.scaled import Scaled, scaled_shape
from tests.sdk.apps import App, create_app
from tests.sdk.chunks import create, update
from tests.sdk.core_clients import (
    CoreClient,
    CoreProcess,
    LiveQuery,
    core_process,
)

HEALED_SECONDS = 5.0
CATCH_UP_SECONDS = 60.0
NEWEST: dict[str, Any] = {"order": {"serverCreatedAt": "desc"}, "limit": 20}
MARKS: dict[str, Any] = {"marks": {"$": NEWEST}}
ONE_WRITERS: dict[str, Any] = {"todos": {"$": {"where": {"writer": 3}}}}
QUERIES: list[dict[str, Any]] = [
    {"todos": {"$": NEWEST}},
    {"todos": {"$": {"where": {"writer": 0}, **NEWEST}}},
    {"todos": {"$": {"where": {"writer": {"$in": [1, 2]}}, **NEWEST}}},
    MARKS,
]

CUT_ALL = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type <> 'walsender'
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is written and watched, and how often a worker is killed."""

    writers: int
    transactions: int
    subscribers: int
    worker_kills: int


SMALL, FULL = Size(4, 160, 12, 2), Size(10, 5_000, 100, 20)


@dataclass(slots=True)
class Network:
    """Reaches the servers' sockets through proxies, in turn."""

    scaled: Scaled
    proxies: list[SocketProxy]
    _turn: Iterator[SocketProxy] = field(init=False)

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.proxies)

    @property
    def http_url(self) -> str:
        return self.scaled.http_url

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{next(self._turn).port}/runtime/session"


@dataclass(slots=True)
class World:
    """Everything that can break."""

    postgres: OwnPostgres
    scaled: Scaled
    network: Network
    core: CoreProcess
    app: App


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as held:
        postgres = held.enter_context(own_postgres())
        scaled = held.enter_context(
            scaled_shape(tmp_path, servers=2, workers=2, database_url=postgres.url)
        )
        scaled.start()
        proxies = [held.enter_context(SocketProxy.to(each.port)) for each in scaled.servers]
        network = Network(scaled, proxies)
        core = held.enter_context(core_process(network))
        core.stop_recording_frames()  # of a long run they would fill the memory
        core.ask("watchTxIds").result()
        yield World(postgres, scaled, network, core, create_app(scaled, "faults"))


def test_subscribers_converge_whatever_breaks(world: World, campaign: bool) -> None:
    size = FULL if campaign else SMALL
    writing = _writers(world, size)
    watched = _watch(world, size)
    marker = world.core.connect(world.app.id, "marker")
    newcomer = world.core.connect(world.app.id, "newcomer")
    faults = _faults(world, size)
    share = -(-size.transactions // len(faults))
    shown: dict[str, list[float]] = {}
    for name, fault in faults:
        writing.start(share)
        fault()
        world.scaled.wait_until_healthy()
        _wait_until_connected(world)
        shown.setdefault(name, []).append(_seconds_to_show_a_mark(marker, watched))
        writing.wait_until_answered()
        _assert_all_show_what_is_stored(newcomer, watched)
    print(f"\n{writing.told}; seconds from healed to shown, at most:", _slowest(shown))

    assert len(writing.acknowledged) > size.transactions / 2
    stored = values_of(world.postgres.url, world.app.id, "todos", "n")
    assert all(len(values) == 1 for values in stored.values())
    numbers = sorted(values[0] for values in stored.values())
    assert len(set(numbers)) == len(numbers), "a write was done twice"
    assert writing.acknowledged <= set(numbers), "an acknowledged write was lost"
    _assert_tx_ids_never_go_backwards(world.core, size.subscribers)
    assert max(_slowest(shown).values()) <= HEALED_SECONDS, shown


def _writers(world: World, size: Size) -> Writing:
    """Connected writers, whose attrs exist."""
    clients = [
        world.core.connect(world.app.id, f"writer {number}") for number in range(size.writers)
    ]
    clients[0].transact(create("todos", new_id(), {"n": -1, "writer": 0}))
    return Writing(clients)


def _slowest(shown: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(max(seconds), 2) for name, seconds in shown.items()}


def _watch(world: World, size: Size) -> list[LiveQuery]:
    watched = []
    for number in range(size.subscribers):
        client = world.core.connect(world.app.id, f"subscriber {number}")
        watched.append(client.subscribe(QUERIES[number % len(QUERIES)]))
    marks = world.core.connect(world.app.id, "marks")
    watched.append(marks.subscribe(MARKS))
    all_of_one = world.core.connect(world.app.id, "all of one writer")
    watched.append(all_of_one.subscribe(ONE_WRITERS))
    return watched


def _faults(world: World, size: Size) -> list[tuple[str, Callable[[], None]]]:
    scaled = world.scaled
    kills = [("kill -9 of the active worker", lambda: _kill_worker(scaled))] * size.worker_kills
    return [
        *kills,
        ("kill -9 of a server", lambda: _kill_and_start(scaled, 1)),
        ("back ends terminated", lambda: _execute(world, CUT_ALL)),
        ("PostgreSQL restarted", world.postgres.restart),
        ("slot dropped", lambda: _drop_slot(world)),
        ("Redis restarted", lambda: _restart_redis(scaled)),
        ("sockets cut", lambda: _cut(world)),
        ("sockets delayed", lambda: _while_slow(world, delay_seconds=0.3)),
        ("sockets throttled", lambda: _while_slow(world, bytes_per_second=20_000)),
    ]


def _kill_worker(scaled: Scaled) -> None:
    """Kill the active one while another stands by, and start it again."""
    wait_until_all_run(scaled)
    worker = active_worker(scaled)
    worker.kill()
    worker.start()


def _kill_and_start(scaled: Scaled, number: int) -> None:
    scaled.servers[number].kill()
    scaled.servers[number].start()


def _drop_slot(world: World) -> None:
    for worker in world.scaled.workers:
        worker.stop()
    drop_slot(world.postgres.url)
    for worker in world.scaled.workers:
        worker.start()
    wait_until_slot_is_read(world.scaled)


def _restart_redis(scaled: Scaled) -> None:
    scaled.redis.kill()
    scaled.redis.start()


def _cut(world: World) -> None:
    for proxy in world.network.proxies:
        proxy.cut()


def _while_slow(world: World, *, delay_seconds: float = 0.0, bytes_per_second: int = 0) -> None:
    """One mark travels over a slow network."""
    for proxy in world.network.proxies:
        proxy.delay_seconds, proxy.bytes_per_second = delay_seconds, bytes_per_second
    marks = next(s for s in world.core.subscriptions.values() if s.query == MARKS)
    mark = new_id()
    marks.client.start_transact(update("marks", mark, {"of": "a slow network"}))
    marks.wait_until(_has(mark), "the mark", CATCH_UP_SECONDS)
    for proxy in world.network.proxies:
        proxy.delay_seconds, proxy.bytes_per_second = 0.0, 0


def _execute(world: World, sql: str) -> None:
    with psycopg.connect(world.postgres.url, autocommit=True) as conn:
        conn.execute(sql)


def _wait_until_connected(world: World) -> None:
    """SDKs wait longer after each failure; healed means that they are back."""
    for client in world.core.clients.values():
        client.wait_until_connected(CATCH_UP_SECONDS)


def _seconds_to_show_a_mark(marker: CoreClient, watched: list[LiveQuery]) -> float:
    """How long a new entity takes to every subscriber that asks for it."""
    mark, began = new_id(), time.monotonic()
    marker.start_transact(update("marks", mark, {"of": "healing"}))
    for live in watched:
        if live.query == MARKS:
            live.wait_until(_has(mark), f"the mark {mark}", CATCH_UP_SECONDS)
    return time.monotonic() - began


def _has(entity: str) -> Callable[[Any], bool]:
    return lambda data: any(mark["id"] == entity for mark in data["marks"])


def _assert_all_show_what_is_stored(newcomer: CoreClient, watched: list[LiveQuery]) -> None:
    began = time.monotonic()
    fresh = {
        json.dumps(query): newcomer.query_once(query)["data"] for query in (*QUERIES, ONE_WRITERS)
    }
    for live in watched:
        left = began + HEALED_SECONDS - time.monotonic()
        live.wait_for(fresh[json.dumps(live.query)], max(left, 0.0))


def _assert_tx_ids_never_go_backwards(core: CoreProcess, subscribers: int) -> None:
    told = core.ask("txIds").result()
    assert told["backwards"] == []
    assert told["watched"] >= subscribers
