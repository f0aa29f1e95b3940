"""The todo conversation of realtime.md §14.1, message by message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id, triples_in
from tests.sdk.apps import App

TODOS: dict[str, Any] = {"todos": {}}


def test_todo_app_from_the_first_frame_to_the_last(
    app: App, dial: Callable[[], Peer], join: Callable[[], Peer]
) -> None:
    todos, milk = Namespace.of("todos", "text"), new_id()
    ann = dial()
    _logs_in(ann, app)
    _asks_for_an_unknown_namespace(ann)
    first_tx = _first_write_creates_attrs(ann, todos, milk)
    created_at = _shows_the_write(ann, todos, milk, first_tx)
    _another_client_edits(ann, join(), todos, milk, created_at)
    _write_survives_a_lost_socket(ann, dial(), app, todos, milk)


def _logs_in(ann: Peer, app: App) -> None:
    ready = ann.init(app.id)

    assert ready["op"] == "init-ok"
    assert ready["app-status"] == {"status": "active"}
    assert ready["auth"]["user"] is None
    assert ready["auth"]["admin?"] is False
    assert set(ready["auth"]["app"]) <= {"id", "title"}
    assert {attr["catalog"] for attr in ready["attrs"]} == {"system"}
    assert ready["session-id"]


def _asks_for_an_unknown_namespace(ann: Peer) -> None:
    answer = ann.ask("add-query", q=TODOS)

    assert answer["op"] == "add-query-ok"
    assert answer["q"] == TODOS
    assert triples_in(answer["result"]) == []
    assert answer["processed-tx-id"] >= 1


def _first_write_creates_attrs(ann: Peer, todos: Namespace, milk: str) -> int:
    done = ann.transact(*todos.add_attrs(), *todos.put(milk, text="milk"))

    assert done["op"] == "transact-ok"
    assert done["tx-id"] >= 2
    return int(done["tx-id"])


def _shows_the_write(ann: Peer, todos: Namespace, milk: str, tx_id: int) -> int:
    """The new attrs come with, or before, the rows that use them."""
    known: set[str] = set()
    while True:
        refresh = ann.hear("refresh-ok")
        known |= {attr["id"] for attr in refresh.get("attrs", [])}
        if refresh["computations"]:
            break
    [computation] = refresh["computations"]

    assert known >= set(todos.attr_ids.values())
    assert refresh["processed-tx-id"] >= tx_id
    assert computation["instaql-query"] == TODOS
    assert todos.rows(computation["instaql-result"]) == {milk: {"id": milk, "text": "milk"}}
    return _created_at(computation, todos)


def _another_client_edits(
    ann: Peer, bob: Peer, todos: Namespace, milk: str, created_at: int
) -> None:
    done = bob.transact(*todos.put(milk, text="oat milk"))
    refresh = ann.hear("refresh-ok")

    assert "attrs" not in refresh
    assert refresh["processed-tx-id"] >= done["tx-id"]
    [computation] = refresh["computations"]
    assert todos.rows(computation["instaql-result"]) == {milk: {"id": milk, "text": "oat milk"}}
    assert _created_at(computation, todos) == created_at


def _write_survives_a_lost_socket(
    ann: Peer, again: Peer, app: App, todos: Namespace, milk: str
) -> None:
    """The first socket goes before its answer was read; the same event id is sent again."""
    event = ann.say(
        "transact", tx_steps=todos.put(milk, mode="update", text="soy"), created=1, order=2
    )
    ann.socket.close()

    again.init(app.id)
    query = again.say("add-query", q=TODOS)
    done = again.transact(*todos.put(milk, mode="update", text="soy"), event=event)
    answer = again.hear("add-query-ok", query)

    assert done["op"] == "transact-ok"
    assert set(todos.rows(answer["result"])) == {milk}
    assert again.ask("remove-query", q=TODOS)["op"] == "remove-query-ok"


def _created_at(computation: dict[str, object], todos: Namespace) -> int:
    """The time of the id triple, by which clients sort; it must not move with updates."""
    [created_at] = {
        triple[3]
        for triple in triples_in(computation["instaql-result"])  # type: ignore[arg-type]
        if triple[1] == todos.attr_ids["id"]
    }
    return int(created_at)
