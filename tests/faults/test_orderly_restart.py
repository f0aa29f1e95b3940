"""A restart that was asked for: clients are told, come back by themselves and lose nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.realtime.peer import Peer, peer
from tests.realtime.steps import new_id
from tests.sdk.apps import create_app
from tests.sdk.chunks import create
from tests.sdk.core_clients import core_process
from tests.served import ServedDatabase

WRITES = 50
SOCKETS = 40
SPREAD_SECONDS = 0.4  # half of what 40 closes at 20 ms take
CATCH_UP_SECONDS = 60.0
GOING_AWAY = 1001


def test_sockets_are_told_why_they_end(restartable: ServedDatabase) -> None:
    app = create_app(restartable, "restart")
    with peer(restartable, app.id) as ann:
        ann.init(app.id)

        restartable.stop()

        closed = ann.wait_until_closed()
    assert closed.rcvd is not None
    assert closed.rcvd.code == GOING_AWAY


def test_sockets_are_closed_one_after_the_other(restartable: ServedDatabase) -> None:
    """All at once, clients would come back all at once."""
    app = create_app(restartable, "restart")
    with ExitStack() as held:
        peers = [held.enter_context(peer(restartable, app.id)) for _ in range(SOCKETS)]
        for one in peers:
            one.init(app.id)
        with ThreadPoolExecutor(SOCKETS) as waiting:
            closings = [waiting.submit(_closed_at, one) for one in peers]
            restartable.stop()
    closed_at = [closing.result() for closing in closings]
    assert max(closed_at) - min(closed_at) > SPREAD_SECONDS


def _closed_at(one: Peer) -> float:
    one.wait_until_closed()
    return time.monotonic()


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
