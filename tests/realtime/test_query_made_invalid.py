"""A watched query that a schema change makes invalid: it fails aloud, and comes back (§5.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.realtime.peer import Message, Peer
from tests.realtime.steps import Namespace, link_attr, new_id, triples_in
from tests.sdk.apps import App

GOALS_WITH_TODOS: Final[dict[str, Any]] = {"goals": {"todos": {}}}
ONLY_TITLES: Final[dict[str, Any]] = {"goals": {"$": {"fields": ["title"]}, "todos": {}}}


@pytest.fixture
def admin(dial: Callable[[], Peer], app: App) -> Peer:
    """Only admins change attrs that exist."""
    socket = dial()
    assert socket.init(app.id, **{"__admin-token": app.admin_token})["op"] == "init-ok"
    return socket


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(GOALS_WITH_TODOS, id="all fields"),
        pytest.param(ONLY_TITLES, id="some fields"),
    ],
)
def test_query_whose_link_becomes_a_plain_attr_fails_and_is_answered_again_when_it_is_a_link(
    join: Callable[[], Peer], admin: Peer, query: dict[str, Any]
) -> None:
    todos, goals, link = Namespace.of("todos"), Namespace.of("goals", "title"), link_attr()
    todo, goal = new_id(), new_id()
    linked = ["add-triple", goal, link["id"], todo]
    _committed(admin, *todos.add_attrs(), *goals.add_attrs(), ["add-attr", link])
    _committed(admin, *todos.put(todo), *goals.put(goal, title="run"), linked)
    bob = join()
    assert todo in _entities(bob.ask("add-query", q=query)["result"])

    _committed(admin, ["delete-attr", link["id"]])
    assert bob.hear_where(_answers_without(todo), "an answer without the todo")
    plain = Namespace.of("goals", "todos")
    _committed(admin, ["add-attr", plain.attr("todos")])

    refusal = bob.hear("error")
    assert refusal["type"] == "validation-failed"
    assert refusal["original-event"] == {"op": "add-query", "q": query}

    _committed(admin, ["delete-attr", plain.attr_ids["todos"]])
    assert bob.hear_where(_answers_without(todo), "an answer again")
    _committed(admin, ["restore-attr", link["id"]])
    assert bob.hear_where(lambda message: todo in _refreshed(message), "the todo again")


def test_query_refused_after_one_transaction_that_swaps_link_and_attr_comes_back(
    join: Callable[[], Peer], admin: Peer
) -> None:
    """The answer before showed neither the plain attr nor all attrs of its etype."""
    todos, goals, link = Namespace.of("todos"), Namespace.of("goals", "title"), link_attr()
    goal = new_id()
    _committed(admin, *todos.add_attrs(), *goals.add_attrs(), ["add-attr", link])
    _committed(admin, *goals.put(goal, title="run"))
    bob, plain = join(), Namespace.of("goals", "todos")
    assert goal in _entities(bob.ask("add-query", q=ONLY_TITLES)["result"])

    _committed(admin, ["delete-attr", link["id"]], ["add-attr", plain.attr("todos")])
    assert bob.hear("error")["type"] == "validation-failed"

    _committed(admin, ["delete-attr", plain.attr_ids["todos"]])
    assert bob.hear_where(lambda message: goal in _refreshed(message), "an answer again")


def _answers_without(entity: str) -> Callable[[Message], bool]:
    return lambda message: bool(_refreshed(message)) and entity not in _refreshed(message)


def _refreshed(message: Message) -> set[str]:
    return {
        entity
        for computation in message.get("computations", [])
        for entity in _entities(computation["instaql-result"])
    }


def _entities(result: list[dict[str, Any]]) -> set[str]:
    return {triple[0] for triple in triples_in(result)}


def _committed(peer: Peer, *steps: list[Any]) -> None:
    answer = peer.transact(*steps)
    assert answer["op"] == "transact-ok", answer
