"""Increments and expectations at the socket (docs/atomic-updates.md)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.realtime.peer import Message, Peer
from tests.realtime.steps import Namespace, new_id

TODOS: dict[str, Any] = {"todos": {}}
INCREMENTS = 20


@pytest.fixture
def todos(ann: Peer) -> Namespace:
    """A namespace whose attrs are stored."""
    namespace = Namespace.of("todos", "count", "status")
    assert ann.transact(*namespace.add_attrs())["op"] == "transact-ok"
    return namespace


@pytest.fixture
def milk(ann: Peer, todos: Namespace) -> str:
    """A todo that is open."""
    entity = new_id()
    assert ann.transact(*todos.put(entity, status="open"))["op"] == "transact-ok"
    return entity


def test_increments_of_two_sessions_add_up_and_are_seen(
    ann: Peer, bob: Peer, todos: Namespace, milk: str
) -> None:
    ann.ask("add-query", q=TODOS)
    step = ["increment-triple", milk, todos.attr_ids["count"], 1]
    events = [
        (peer, peer.say("transact", tx_steps=[step], created=1, order=n))
        for n in range(INCREMENTS)
        for peer in (ann, bob)
    ]
    for peer, event in events:
        peer.hear("transact-ok", event)

    def shows_the_sum(message: Message) -> bool:
        return message["op"] == "refresh-ok" and any(
            todos.rows(each["instaql-result"])[milk].get("count") == 2 * INCREMENTS
            for each in message["computations"]
        )

    assert ann.hear_where(shows_the_sum, "the sum")


def test_increment_sent_again_is_done_once(ann: Peer, todos: Namespace, milk: str) -> None:
    step = ["increment-triple", milk, todos.attr_ids["count"], 1]
    first = ann.transact(step)
    again = ann.transact(step, event=first["client-event-id"])

    assert again["tx-id"] == first["tx-id"]
    assert todos.rows(ann.ask("add-query", q=TODOS)["result"])[milk]["count"] == 1


def test_first_of_two_takers_wins_and_the_other_is_told(
    ann: Peer, bob: Peer, todos: Namespace, milk: str
) -> None:
    status = todos.attr_ids["status"]
    expectation = ["expect-triple", milk, status, "open"]

    first = ann.transact(["add-triple", milk, status, "ann"], expectation)
    second = bob.transact(["add-triple", milk, status, "bob"], expectation)

    assert first["op"] == "transact-ok"
    assert (second["op"], second["status"], second["type"]) == ("error", 400, "validation-failed")
    [error] = second["hint"]["errors"]
    assert (error["in"], error["issue"]) == ([1], "expectation-failed")
    assert todos.rows(ann.ask("add-query", q=TODOS)["result"])[milk]["status"] == "ann"
