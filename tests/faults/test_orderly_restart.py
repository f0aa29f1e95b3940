"""A restart that was asked for: clients are told, come back by themselves and lose nothing."""

from __future__ import annotations

from tests.realtime.peer import peer
from tests.realtime.steps import new_id
from tests.sdk.apps import create_app
from tests.sdk.chunks import create
from tests.sdk.core_clients import core_process
from tests.served import ServedDatabase

WRITES = 50
CATCH_UP_SECONDS = 60.0
GOING_AWAY = 1001
SERVICE_RESTART = 1012


def test_sockets_are_told_why_they_end(restartable: ServedDatabase) -> None:
    app = create_app(restartable, "restart")
    with peer(restartable, app.id) as ann:
        ann.init(app.id)

        restartable.stop()

        closed = ann.wait_until_closed()
    assert closed.rcvd is not None
    assert closed.rcvd.code in (GOING_AWAY, SERVICE_RESTART)


def test_published_sdk_goes_on_after_a_restart(restartable: ServedDatabase) -> None:
    app = create_app(restartable, "restart")
    with core_process(restartable) as core:
        ann, bob = core.connect(app.id, "ann"), core.connect(app.id, "bob")
        live = bob.subscribe({"todos": {}})
        live.wait_for({"todos": []})
        promises = [ann.start_transact(create("todos", new_id(), {"n": n})) for n in range(WRITES)]
        promises[WRITES // 4].result()

        restartable.stop()
        restartable.start()

        assert {promise.result(CATCH_UP_SECONDS)["status"] for promise in promises} == {"synced"}
        live.wait_until(lambda data: len(data["todos"]) == WRITES, "every todo", CATCH_UP_SECONDS)
        assert sorted(todo["n"] for todo in live.data["todos"]) == list(range(WRITES))
