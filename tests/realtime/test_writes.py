"""Writes at the socket: order, attrs, repeats, limits (realtime.md §6, checklist 5, 6 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.realtime.peer import Message, Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App

TODOS: dict[str, Any] = {"todos": {}}
WRITERS = 4
WRITES_EACH = 25


@pytest.fixture
def todos(ann: Peer) -> Namespace:
    """A namespace whose attrs are stored."""
    namespace = Namespace.of("todos", "text")
    assert ann.transact(*namespace.add_attrs())["op"] == "transact-ok"
    return namespace


def test_empty_write_gets_a_tx_id(ann: Peer) -> None:
    first, second = ann.transact(), ann.transact()

    assert first["tx-id"] < second["tx-id"]


def test_processed_tx_id_never_promises_more_than_the_answer_holds(
    ann: Peer, join: Callable[[], Peer], todos: Namespace
) -> None:
    """Every answer with `processed-tx-id` P holds every write with a tx-id up to P, and answers
    do not go back."""
    ann.ask("add-query", q=TODOS)
    writers = [join() for _ in range(WRITERS)]
    entities = {
        writer.say("transact", tx_steps=todos.put(entity, text="x"), created=1, order=1): entity
        for _ in range(WRITES_EACH)
        for writer in writers
        for entity in [new_id()]
    }
    tx_ids = {
        entities[done["client-event-id"]]: done["tx-id"]
        for writer in writers
        for _ in range(WRITES_EACH)
        for done in [writer.hear("transact-ok")]
    }

    answers = _answers_until(ann, todos, lambda rows: len(rows) == len(entities))

    assert len(set(tx_ids.values())) == len(entities)
    for processed, rows in answers:
        missing = {e for e, tx_id in tx_ids.items() if tx_id <= processed} - set(rows)
        assert not missing
    assert [p for p, _ in answers] == sorted(p for p, _ in answers)


def _answers_until(
    peer: Peer, todos: Namespace, done: Callable[[dict[str, Any]], bool]
) -> list[tuple[int, dict[str, Any]]]:
    answers: list[tuple[int, dict[str, Any]]] = []
    while not answers or not done(answers[-1][1]):
        refresh = peer.hear("refresh-ok")
        answers += [
            (refresh["processed-tx-id"], todos.rows(computation["instaql-result"]))
            for computation in refresh["computations"]
        ]
    return answers


def test_writes_of_one_session_commit_in_the_order_they_were_sent(
    ann: Peer, todos: Namespace
) -> None:
    milk = new_id()
    events = [
        ann.say("transact", tx_steps=todos.put(milk, text=str(n)), created=1, order=n)
        for n in range(50)
    ]

    tx_ids = [ann.hear("transact-ok", event)["tx-id"] for event in events]

    assert tx_ids == sorted(tx_ids)
    answer = ann.ask("add-query", q=TODOS)
    assert todos.rows(answer["result"])[milk]["text"] == "49"


def test_same_attr_again_is_accepted(ann: Peer, bob: Peer, todos: Namespace) -> None:
    """The client repeats `add-attr` until it hears of the attr (§6.3)."""
    again = ann.transact(*todos.add_attrs(), *todos.put(new_id(), text="milk"))
    from_another_client = bob.transact(*todos.add_attrs())

    assert [again["op"], from_another_client["op"]] == ["transact-ok", "transact-ok"]


def test_new_attrs_reach_a_client_without_queries(ann: Peer, bob: Peer) -> None:
    """Many times, since the log may tell of a commit before it is visible."""
    for n in range(WRITES_EACH):
        goals = Namespace.of(f"goals{n}", "title")

        ann.transact(*goals.add_attrs())
        refresh = bob.hear_where(_names(goals), "the new attrs")

        assert refresh["computations"] == []


def test_new_attrs_reach_their_author_too(ann: Peer) -> None:
    """Otherwise the client would send them with every write for ever (§6.3)."""
    goals = Namespace.of("goals", "title")

    ann.transact(*goals.add_attrs())

    assert ann.hear_where(_names(goals), "the new attrs")


def _names(namespace: Namespace) -> Callable[[Message], bool]:
    expected = set(namespace.attr_ids.values())
    return lambda message: (
        message["op"] == "refresh-ok"
        and expected <= {attr["id"] for attr in message.get("attrs", [])}
    )


def test_write_whose_answer_was_lost_is_answered_with_the_first_result(
    ann: Peer, bob: Peer, join: Callable[[], Peer], todos: Namespace
) -> None:
    milk = new_id()
    bob.ask("add-query", q=TODOS)
    steps = todos.put(milk, mode="create", text="milk")
    event = ann.say("transact", tx_steps=steps, created=1, order=1)
    committed = bob.hear_where(
        lambda message: message["op"] == "refresh-ok" and message["computations"] != [], "milk"
    )
    ann.socket.socket.close()

    again = join()
    repeated = again.transact(*steps, event=event)
    repeated_again = again.transact(*steps, event=event)

    assert repeated["op"] == "transact-ok"
    assert repeated["tx-id"] == repeated_again["tx-id"] <= committed["processed-tx-id"]
    assert again.transact(*steps)["op"] == "error", "the same create under a new event id"
    assert list(todos.rows(again.ask("add-query", q=TODOS)["result"])) == [milk]


def test_admin_is_another_identity_than_a_guest(
    ann: Peer, dial: Callable[[], Peer], app: App, todos: Namespace
) -> None:
    """An event id is remembered per identity (§6.4): under another one it is a new write."""
    event, steps = new_id(), todos.put(new_id(), text="milk")
    admin = dial()
    admin.init(app.id, **{"__admin-token": app.admin_token})

    first = ann.transact(*steps, event=event)
    second = admin.transact(*steps, event=event)

    assert second["tx-id"] > first["tx-id"]
