"""`add-query` and `remove-query` (realtime.md §5, checklist 2 and 3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id, triples_in

TODOS: dict[str, Any] = {"todos": {}}


def test_equal_query_exists_until_it_is_removed(ann: Peer) -> None:
    replies = [
        ann.ask("add-query", q=TODOS)["op"],
        ann.ask("add-query", q=TODOS)["op"],
        ann.ask("remove-query", q=TODOS)["op"],
        ann.ask("remove-query", q=TODOS)["op"],
        ann.ask("add-query", q=TODOS)["op"],
    ]

    assert replies == [
        "add-query-ok",
        "add-query-exists",
        "remove-query-ok",
        "remove-query-ok",
        "add-query-ok",
    ]


def test_equal_queries_at_once_are_answered_ok_and_then_exists(ann: Peer) -> None:
    events = [ann.say("add-query", q=TODOS) for _ in range(5)]

    replies = [
        ann.hear_where(lambda message: message.get("client-event-id") in events, "a reply")
        for _ in events
    ]

    assert [reply["op"] for reply in replies] == ["add-query-ok"] + ["add-query-exists"] * 4
    assert [reply["client-event-id"] for reply in replies] == events


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            '{"todos":{"$":{"where":{"a":1,"b":2}}}}',
            '{"todos":{"$":{"where":{"b":2,"a":1}}}}',
            id="order of keys",
        ),
        pytest.param(
            '{"todos":{"$":{"where":{"a":1}}}}',
            '{"todos":{"$":{"where":{"a":1.0}}}}',
            id="1 and 1.0",
        ),
    ],
)
def test_queries_are_equal_as_json_values(ann: Peer, first: str, second: str) -> None:
    ann.say_text(f'{{"op":"add-query","client-event-id":"1","q":{first}}}')
    assert ann.hear("add-query-ok", "1")

    ann.say_text(f'{{"op":"add-query","client-event-id":"2","q":{second}}}')

    assert ann.hear("add-query-exists", "2")


def test_rule_params_belong_to_the_identity(ann: Peer) -> None:
    assert ann.ask("add-query", q={**TODOS, "$$ruleParams": {"k": 1}})["op"] == "add-query-ok"
    assert ann.ask("add-query", q={**TODOS, "$$ruleParams": {"k": 2}})["op"] == "add-query-ok"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"todos": {"$": {"where": {"text": "snow ☃ 🎉 \u0000"}}}}, id="unicode"),
        pytest.param({"todos": {"$": {"where": {"n": 0.1}}}}, id="fraction"),
        pytest.param({"todos": {"$": {"where": {"n": 9007199254740993}}}}, id="big integer"),
        pytest.param({"todos": {"$": {"where": {"n": 1e100}}}}, id="huge float"),
        pytest.param({"todos": {"$": {"where": {"n": {"$in": [1, "1", True]}}}}}, id="mixed list"),
        pytest.param(
            {"todos": {}, "$$ruleParams": {"a": None, "b": [[], [1, [2.5]], {}], "ü": ""}},
            id="rule params with null and nested lists",
        ),
    ],
)
def test_query_comes_back_as_it_was_sent(ann: Peer, query: dict[str, Any]) -> None:
    """The client finds the subscription by the value, in answers and in errors alike."""
    reply = ann.ask("add-query", q=query)

    assert reply.get("q", reply.get("original-event", {}).get("q")) == query


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
        pytest.param("todos", id="text"),
        pytest.param({"todos": 1}, id="form that is a number"),
        pytest.param({"todos": {"$": {"where": 1}}}, id="where that is a number"),
        pytest.param({"todos": {"$": {"where": {"a": {"$nope": 1}}}}}, id="unknown operator"),
        pytest.param({"todos": {"$": {"limit": "many"}}}, id="limit that is text"),
    ],
)
def test_malformed_query_is_refused_and_forgotten(ann: Peer, query: Any) -> None:
    refusals = [ann.ask("add-query", q=query) for _ in range(2)]

    for refusal in refusals:
        assert (refusal["op"], refusal["type"]) == ("error", "validation-failed")
        assert refusal["original-event"]["op"] == "add-query"
        assert refusal["original-event"]["q"] == query
    assert ann.ask("add-query", q=TODOS)["op"] == "add-query-ok"


def test_query_without_q_is_refused(ann: Peer) -> None:
    refusal = ann.ask("add-query")

    assert (refusal["op"], refusal["type"]) == ("error", "validation-failed")


def test_removed_query_is_not_refreshed(ann: Peer, bob: Peer) -> None:
    todos, milk = Namespace.of("todos", "text"), new_id()
    bob.transact(*todos.add_attrs(), *todos.put(milk, text="milk"))
    kept = {"todos": {"$": {"where": {"text": "oat milk"}}}}
    ann.ask("add-query", q=TODOS)
    ann.ask("add-query", q=kept)
    ann.ask("remove-query", q=TODOS)
    ann.fence()

    bob.transact(*todos.put(milk, text="oat milk"))
    refresh = ann.hear_where(
        lambda message: message["op"] == "refresh-ok" and message["computations"] != [], "a refresh"
    )

    assert [each["instaql-query"] for each in refresh["computations"]] == [kept]


def test_unchanged_answer_is_not_sent_again(ann: Peer, bob: Peer) -> None:
    """A write that touches a query without changing its answer stays silent."""
    todos, milk, bread = Namespace.of("todos", "text"), new_id(), new_id()
    bob.transact(*todos.add_attrs(), *todos.put(milk, text="milk"))
    ann.ask("add-query", q={"todos": {"$": {"where": {"id": milk}}}})
    ann.fence()

    bob.transact(*todos.put(milk, text="milk"))
    bob.transact(*todos.put(bread, text="bread"))
    bob.transact(*todos.put(milk, text="oat milk"))
    refresh = ann.hear("refresh-ok")

    [computation] = refresh["computations"]
    assert todos.rows(computation["instaql-result"])[milk]["text"] == "oat milk"


def test_answer_holds_the_triples_the_client_needs(ann: Peer) -> None:
    """Id triples for every entity shown, and the triples that make `where` true (§5.3)."""
    todos, milk = Namespace.of("todos", "text", "done"), new_id()
    ann.transact(*todos.add_attrs(), *todos.put(milk, text="milk", done=False))

    answer = ann.ask(
        "add-query", q={"todos": {"$": {"where": {"done": False}, "fields": ["text"]}}}
    )

    assert todos.rows(answer["result"]) == {milk: {"id": milk, "text": "milk", "done": False}}
    triples = triples_in(answer["result"])
    assert len(triples) == len({(entity, attr) for entity, attr, _, _ in triples})
