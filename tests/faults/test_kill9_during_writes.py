"""`kill -9` of the server in the middle of writes: nothing acknowledged is lost or done twice."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.embedded_server import EmbeddedServer
from tests.faults.retrying_writer import RetryingWriter, new_write
from tests.faults.stored import transaction_ids, values_of
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, create_app
from tests.sdk.chunks import create
from tests.sdk.core_clients import CoreProcess, core_process
from tests.served import ServedDatabase

WRITES = 200
KILL_AFTER_ANSWERS = (20, 90, 150)
CATCH_UP_SECONDS = 60.0

SET_TO_TWO = "update triples set value = '2' where app_id = %s and value = '1'"


@pytest.fixture
def app(embedded_server: EmbeddedServer) -> App:
    return create_app(embedded_server, "kill -9")


@pytest.fixture
def core(embedded_server: EmbeddedServer) -> Iterator[CoreProcess]:
    with core_process(embedded_server) as process:
        yield process


def test_retrying_socket_client_loses_nothing(
    embedded_server: EmbeddedServer, app: App, core: CoreProcess
) -> None:
    """Three kills in 200 writes; a `create` that ran twice would be refused or counted twice."""
    bob = core.connect(app.id, "bob")
    live = bob.subscribe({"todos": {}})
    live.wait_for({"todos": []})
    todos = Namespace.of("todos", "n")
    entities = [new_id() for _ in range(WRITES)]
    setup = new_write(todos.add_attrs())
    writes = [
        setup,
        *(new_write(todos.put(entity, mode="create", n=n)) for n, entity in enumerate(entities)),
    ]
    writer = RetryingWriter(embedded_server, app.id)
    kills = list(KILL_AFTER_ANSWERS)

    def kill_on_the_way(answers: int) -> None:
        if kills and answers >= kills[0]:
            kills.pop(0)
            embedded_server.kill()
            embedded_server.start()

    writer.write_all(writes, kill_on_the_way)

    assert writer.refused == {}
    assert writer.connections == 1 + len(KILL_AFTER_ANSWERS)
    stored = values_of(embedded_server.database_url, app.id, "todos", "n")
    assert stored == {entity: [n] for n, entity in enumerate(entities)}
    assert sorted(writer.acknowledged.values()) == transaction_ids(
        embedded_server.database_url, app.id
    )
    live.wait_until(lambda data: len(data["todos"]) == WRITES, "every todo", CATCH_UP_SECONDS)
    assert {todo["id"]: todo["n"] for todo in live.data["todos"]} == {
        entity: n for n, entity in enumerate(entities)
    }


def test_published_sdk_loses_nothing(
    embedded_server: EmbeddedServer, app: App, core: CoreProcess
) -> None:
    """The SDK sends its unconfirmed writes again by itself; a subscriber needs no reload."""
    ann, bob = core.connect(app.id, "ann"), core.connect(app.id, "bob")
    live = bob.subscribe({"todos": {}})
    live.wait_for({"todos": []})
    entities = [new_id() for _ in range(WRITES)]
    promises = [
        ann.start_transact(create("todos", entity, {"n": n})) for n, entity in enumerate(entities)
    ]

    promises[WRITES // 4].result()
    embedded_server.kill()
    embedded_server.start()
    statuses = {promise.result(CATCH_UP_SECONDS)["status"] for promise in promises}

    assert statuses == {"synced"}
    live.wait_until(lambda data: len(data["todos"]) == WRITES, "every todo", CATCH_UP_SECONDS)
    stored = values_of(embedded_server.database_url, app.id, "todos", "n")
    assert stored == {entity: [n] for n, entity in enumerate(entities)}
    assert len(transaction_ids(embedded_server.database_url, app.id)) == WRITES
    assert "closed" in bob.statuses


def test_change_committed_while_the_server_was_down_is_shown_after_it_is_back(
    restartable: ServedDatabase,
) -> None:
    """The client did not reload, and the feed had no one to tell when it happened."""
    app = create_app(restartable, "down")
    with core_process(restartable) as core:
        bob = core.connect(app.id, "bob")
        entity = new_id()
        bob.transact(create("todos", entity, {"n": 1}))
        live = bob.subscribe({"todos": {}})
        live.wait_for({"todos": [{"id": entity, "n": 1}]})

        restartable.kill()
        with psycopg.connect(restartable.database_url) as conn:
            assert conn.execute(SET_TO_TWO, [app.id]).rowcount == 1
        restartable.start()

        live.wait_for({"todos": [{"id": entity, "n": 2}]}, CATCH_UP_SECONDS)
