"""Clients that cannot open a WebSocket: the published SDK stays whole over server-sent events."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.realtime.event_stream import event_stream
from tests.realtime.steps import new_id
from tests.scaled import Scaled, scaled_shape
from tests.sdk.apps import create_app
from tests.sdk.chunks import create, update
from tests.sdk.core_clients import core_process
from tests.served import ServedDatabase

RECONNECT_SECONDS = 60.0
SET_TO_TWO = "update triples set value = '2' where app_id = %s and value = '1'"


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaled]:
    """Two servers behind one address, as behind a balancer without sticky sessions."""
    with scaled_shape(tmp_path_factory.mktemp("scaled")) as shape:
        shape.start()
        yield shape


def test_client_behind_a_network_without_websockets_survives_a_restart(
    restartable: ServedDatabase,
) -> None:
    app = create_app(restartable, "sse")
    with core_process(restartable) as core:
        bob = core.connect(app.id, "bob", event_stream=True)
        todos, entity = bob.subscribe({"todos": {}}), new_id()
        bob.transact(create("todos", entity, {"n": 1}))
        todos.wait_for({"todos": [{"id": entity, "n": 1}]})

        restartable.kill()
        with psycopg.connect(restartable.database_url) as conn:
            assert conn.execute(SET_TO_TWO, [app.id]).rowcount == 1
        restartable.start()

        todos.wait_for({"todos": [{"id": entity, "n": 2}]}, RECONNECT_SECONDS)
        bob.transact(update("todos", entity, {"n": 3}), timeout=RECONNECT_SECONDS)
        todos.wait_for({"todos": [{"id": entity, "n": 3}]})


def test_post_that_lands_on_another_process_reaches_the_session(scaled: Scaled) -> None:
    app = create_app(scaled, "sse")
    with event_stream(scaled, app) as ann:  # its posts go to the other process
        assert ann.init()["op"] == "init-ok"
        posted = ann.post(
            {"op": "add-query", "client-event-id": "1", "q": {"todos": {}}},
            {"op": "add-query", "client-event-id": "2", "q": {"goals": {}}},
        )
        assert (posted.status_code, posted.json()) == (200, {})
        assert {ann.hear("add-query-ok")["client-event-id"] for _ in range(2)} == {"1", "2"}


def test_large_post_that_lands_on_another_process_reaches_the_session(scaled: Scaled) -> None:
    app = create_app(scaled, "sse")
    with event_stream(scaled, app) as ann:
        ann.init()
        query = {"todos": {"$": {"where": {"text": "x" * 1_000_000}}}}
        ann.post({"op": "add-query", "q": query})
        assert ann.hear("add-query-ok")["q"] == query


def test_posts_are_taken_in_their_order_whichever_process_takes_them(scaled: Scaled) -> None:
    app = create_app(scaled, "sse")
    with event_stream(scaled, app) as ann:
        ann.init()
        urls = [f"{server.http_url}/runtime/sse?app_id={app.id}" for server in scaled.servers]
        for number in range(40):
            ann._url = urls[number % 2]
            op = ("add-query", "remove-query")[number // 2 % 2]
            ann.post({"op": op, "client-event-id": str(number), "q": {"todos": {}}})
        heard = [
            ann.hear_any("add-query-ok", "add-query-exists", "remove-query-ok") for _ in range(40)
        ]
        assert [int(message["client-event-id"]) for message in heard] == list(range(40))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param({"sse_token": new_id()}, "session-missing", id="wrong secret"),
        pytest.param({"session_id": new_id()}, "session-missing", id="no such session"),
        pytest.param({"machine_id": new_id()}, "member-missing", id="no such process"),
    ],
)
def test_post_at_another_process_is_refused_as_at_its_own(
    scaled: Scaled, changed: dict[str, str], error: str
) -> None:
    app = create_app(scaled, "sse")
    with event_stream(scaled, app) as ann:
        refused = ann.post({"op": "init"}, **changed)
        assert (refused.status_code, refused.json()["type"]) == (400, error)
        assert ann.init()["op"] == "init-ok"
