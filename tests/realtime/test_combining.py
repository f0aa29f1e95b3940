"""Writes that wait together are done as one where nobody can tell (realtime.md §6.5)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.realtime.app_lock import ServerWithDatabase, app_lock_held
from tests.realtime.peer import Message, Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App

BURST = 20


@pytest.fixture
def todos(ann: Peer) -> Namespace:
    """A namespace whose attrs are stored, `rank` only for numbers, and known to the server."""
    namespace = Namespace.of("todos", "text", "rank", "tags")
    rank = {**namespace.attr("rank"), "checked-data-type": "number"}
    tags = {**namespace.attr("tags"), "cardinality": "many"}
    steps = [["add-attr", attr] for attr in (namespace.attr("id"), namespace.attr("text"))]
    assert ann.transact(*steps, ["add-attr", rank], ["add-attr", tags])["op"] == "transact-ok"
    known = set(namespace.attr_ids.values())
    ann.hear_where(
        lambda message: known <= {attr["id"] for attr in message.get("attrs", [])}, "the attrs"
    )
    return namespace


@pytest.fixture
def milk(ann: Peer, todos: Namespace) -> str:
    """A todo that is there."""
    entity = new_id()
    assert ann.transact(*todos.put(entity, mode="create", text="milk"))["op"] == "transact-ok"
    return entity


class Burst:
    """Writes sent while another client's write does not come to an end, so that they wait."""

    def __init__(self, ann: Peer) -> None:
        self._ann = ann
        self.events: list[str] = []

    def send(self, steps: list[Any], event: str | None = None) -> str:
        fields = {} if event is None else {"event": event}
        self.events.append(self._ann.say("transact", tx_steps=steps, created=1, order=1, **fields))
        return self.events[-1]

    def replies(self) -> list[Message]:
        """The reply to each, in the order they were sent."""
        return [
            self._ann.hear_where(
                lambda message, event=event: (  # type: ignore[misc]
                    message.get("client-event-id") == event
                ),
                f"a reply to {event}",
            )
            for event in self.events
        ]


def stored(ann: Peer, todos: Namespace, entity: str) -> dict[str, Any]:
    return todos.rows(ann.ask("add-query", q={"todos": {}})["result"])[entity]


def events_stored(server: ServerWithDatabase, app: App) -> dict[int, int]:
    """How many events each transaction answers."""
    counted = "select tx_id, count(*) from client_events where app_id = %s group by tx_id"
    with psycopg.connect(server.database_url) as conn:
        return dict(conn.execute(counted, [app.id]).fetchall())


def test_burst_is_one_write_with_a_reply_and_a_memory_for_each_event(
    ann: Peer, server: ServerWithDatabase, app: App, todos: Namespace, milk: str
) -> None:
    burst = Burst(ann)
    with app_lock_held(server, app):
        burst.send([])  # is being written while the others come to wait
        ann.fence()
        for n in range(BURST):
            burst.send(todos.put(milk, mode="update", text=f"milk {n}"))
        ann.fence()

    _, *replies = burst.replies()

    assert {reply["op"] for reply in replies} == {"transact-ok"}
    [tx_id] = {reply["tx-id"] for reply in replies}
    assert events_stored(server, app)[tx_id] == BURST
    again = ann.transact(*todos.put(milk, mode="update", text="x"), event=burst.events[1])
    assert again["tx-id"] == tx_id, "an event that another one stood for is done"
    assert stored(ann, todos, milk)["text"] == f"milk {BURST - 1}"


def test_refused_last_write_costs_only_itself(
    ann: Peer, server: ServerWithDatabase, app: App, todos: Namespace, milk: str
) -> None:
    burst = Burst(ann)
    with app_lock_held(server, app):
        burst.send([])
        for rank in (1, 2, "three"):
            burst.send(todos.put(milk, mode="update", rank=rank))
        ann.fence()

    _, first, second, last = burst.replies()

    assert first["tx-id"] < second["tx-id"]
    assert (last["op"], last["type"]) == ("error", "validation-failed")
    assert last["original-event"]["tx-steps"][1][3] == "three"
    assert stored(ann, todos, milk)["rank"] == 2


@pytest.mark.parametrize("repeated_comes", ["first", "last"])
def test_event_that_was_answered_before_is_not_done_again_with_others(
    ann: Peer,
    server: ServerWithDatabase,
    app: App,
    todos: Namespace,
    milk: str,
    repeated_comes: str,
) -> None:
    old, new = (todos.put(milk, mode="update", text=text) for text in ("old", "new"))
    answered = ann.transact(*old)
    sent = [(old, answered["client-event-id"]), (new, None)]
    burst = Burst(ann)
    with app_lock_held(server, app):
        burst.send([])
        for steps, event in sent if repeated_comes == "first" else reversed(sent):
            burst.send(steps, event)
        ann.fence()

    tx_ids = {reply["client-event-id"]: reply["tx-id"] for reply in burst.replies()}

    assert tx_ids.pop(answered["client-event-id"]) == answered["tx-id"]
    assert min(tx_ids.values()) > answered["tx-id"]
    assert stored(ann, todos, milk)["text"] == "new"


def test_values_of_cardinality_many_are_all_stored(
    ann: Peer, server: ServerWithDatabase, app: App, todos: Namespace, milk: str
) -> None:
    burst = Burst(ann)
    with app_lock_held(server, app):
        burst.send([])
        for tag in ("a", "b"):
            burst.send([["add-triple", milk, todos.attr_ids["tags"], tag, {"mode": "update"}]])
        ann.fence()

    _, first, second = burst.replies()

    assert first["tx-id"] < second["tx-id"]
    with psycopg.connect(server.database_url) as conn:
        count = "select count(*) from triples where app_id = %s and attr_id = %s"
        assert conn.execute(count, [app.id, todos.attr_ids["tags"]]).fetchone() == (2,)


def test_write_waits_for_nobody_to_combine_with(ann: Peer, todos: Namespace, milk: str) -> None:
    tx_ids = [
        ann.transact(*todos.put(milk, mode="update", text=text))["tx-id"] for text in ("a", "b")
    ]

    assert tx_ids[0] < tx_ids[1]
