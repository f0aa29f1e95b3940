"""Broken connections: the published SDK comes back by itself, loses nothing and repeats nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.sdk.apps import App
from tests.sdk.chunks import create, update
from tests.sdk.core_clients import CoreClient, CoreProcess

TODOS: dict[str, Any] = {"todos": {}}
RECONNECT_SECONDS = 30.0  # the SDK waits longer after every failure

Connect = Callable[[str], CoreClient]


def test_cut_subscriber_catches_up(connect: Connect) -> None:
    ann, bob = connect("ann"), connect("bob")
    todos = bob.subscribe(TODOS)
    todos.wait_for({"todos": []})
    milk = str(uuid.uuid4())

    bob.cut()
    ann.transact(update("todos", milk, {"text": "milk"}))

    todos.wait_for({"todos": [{"id": milk, "text": "milk"}]})
    assert "closed" in bob.statuses


def test_write_made_while_offline_is_sent_later(connect: Connect) -> None:
    ann, bob = connect("ann"), connect("bob")
    todos = bob.subscribe(TODOS)
    todos.wait_for({"todos": []})
    milk = str(uuid.uuid4())

    ann.cut()
    ann.wait_for_status("closed")
    ann.start_transact(update("todos", milk, {"text": "milk"}))

    todos.wait_for({"todos": [{"id": milk, "text": "milk"}]})


def test_write_whose_answer_was_lost_is_done_once(connect: Connect, core: CoreProcess) -> None:
    """A `create` would fail the second time, were it done again (realtime.md §6.4)."""
    ann = connect("ann")
    milk = str(uuid.uuid4())
    ann.lose_next_reply("transact-ok")

    answer = ann.transact(create("todos", milk, {"text": "milk"}))

    assert ann.lost == ["transact-ok"]
    assert answer["status"] == "synced"
    event = answer["eventId"]
    tx_ids = {
        message["tx-id"]
        for message in _messages(core, ann)
        if message["op"] == "transact-ok" and message["client-event-id"] == event
    }
    assert len(tx_ids) == 1
    assert ann.query_once(TODOS)["data"] == {"todos": [{"id": milk, "text": "milk"}]}


def test_writes_through_a_bad_network_are_done_once_each(connect: Connect) -> None:
    """Connections break under writes, with and without the answer having left the server."""
    ann, bob = connect("ann"), connect("bob")
    mine, theirs = ann.subscribe(TODOS), bob.subscribe(TODOS)
    numbers = range(60)
    for n in numbers:
        if n % 20 == 7:
            ann.lose_next_reply("transact-ok")
        ann.start_transact(create("todos", str(uuid.uuid4()), {"n": n}))
        if n % 20 == 7:
            ann.wait_until_lost(1 + n // 20)
        if n % 20 == 17:
            bob.cut()
            ann.cut()
            ann.wait_until_connected(RECONNECT_SECONDS)

    for live in (mine, theirs):
        live.wait_until(lambda data: len(data["todos"]) == len(numbers), "all", RECONNECT_SECONDS)
    stored = bob.query_once(TODOS)["data"]["todos"]
    assert sorted(todo["n"] for todo in stored) == list(numbers)


def test_reloaded_tab_shows_what_it_kept_and_then_what_is_new(
    connect: Connect, core: CoreProcess, app: App
) -> None:
    bob = connect("bob")
    milk = str(uuid.uuid4())
    ann = core.connect(app.id, "ann", tab="ann's tab")
    todos = ann.subscribe(TODOS)
    ann.transact(update("todos", milk, {"text": "milk"}))
    todos.wait_for({"todos": [{"id": milk, "text": "milk"}]})
    ann.close()
    bob.query_once(TODOS)  # so that it knows the attrs
    bob.transact(update("todos", milk, {"text": "oat milk"}))

    again = core.open(app.id, "ann after reload", tab="ann's tab").subscribe(TODOS)

    again.wait_for({"todos": [{"id": milk, "text": "oat milk"}]})


def _messages(core: CoreProcess, client: CoreClient) -> list[dict[str, object]]:
    return [
        message
        for frame in core.frames()
        if frame.direction == "in" and frame.app == client.app_id
        for message in [json.loads(frame.text)]
        if isinstance(message, dict)
    ]
