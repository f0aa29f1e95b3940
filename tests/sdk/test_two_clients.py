"""What one client of the published SDK writes, every other client of the app sees live."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.chunks import delete, link, merge, unlink, update
from tests.sdk.core_clients import CoreClient, CoreProcess

TODOS: dict[str, Any] = {"todos": {}}
GOALS_WITH_TODOS: dict[str, Any] = {"goals": {"todos": {}}}
TODOS_WITH_GOALS: dict[str, Any] = {"todos": {"goals": {}}}

Connect = Callable[[str], CoreClient]


def new_id() -> str:
    return str(uuid.uuid4())


def test_unknown_namespace_is_empty_and_live(ann: CoreClient, bob: CoreClient) -> None:
    todos = bob.subscribe(TODOS)
    todos.wait_for({"todos": []})
    milk = new_id()

    assert ann.transact(update("todos", milk, {"text": "milk"}))["status"] == "synced"

    todos.wait_for({"todos": [{"id": milk, "text": "milk"}]})


def test_writer_sees_its_own_write_once_and_for_good(ann: CoreClient) -> None:
    todos = ann.subscribe(TODOS)
    todos.wait_for({"todos": []})
    milk = new_id()

    ann.transact(update("todos", milk, {"text": "milk"}))
    todos.wait_for({"todos": [{"id": milk, "text": "milk"}]})
    ann.query_once({"goals": {}})

    assert [shown.data for shown in todos.shown] == [
        {"todos": []},
        {"todos": [{"id": milk, "text": "milk"}]},
    ]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("snow ☃ and 🎉", id="text beyond the basic plane"),
        pytest.param("", id="empty text"),
        pytest.param(0, id="zero"),
        pytest.param(-12.5, id="fraction"),
        pytest.param(9007199254740991, id="largest safe integer"),
        pytest.param(1e300, id="huge float"),
        pytest.param(True, id="true"),
        pytest.param(None, id="null"),
        pytest.param({"b": [1, {"a": None}], "a": {}}, id="nested object"),
        pytest.param([], id="empty list"),
        pytest.param("x" * 20_000, id="long text"),
    ],
)
def test_value_arrives_as_it_was_written(ann: CoreClient, bob: CoreClient, value: object) -> None:
    things = bob.subscribe({"things": {}})
    things.wait_for({"things": []})
    thing = new_id()

    ann.transact(update("things", thing, {"value": value}))

    things.wait_for({"things": [{"id": thing, "value": value}]})


def test_update_and_merge_change_what_others_show(ann: CoreClient, bob: CoreClient) -> None:
    milk = new_id()
    ann.transact(update("todos", milk, {"text": "milk", "tags": {"a": 1}}))
    todos = bob.subscribe(TODOS)
    todos.wait_for({"todos": [{"id": milk, "text": "milk", "tags": {"a": 1}}]})

    ann.transact(update("todos", milk, {"text": "oat milk"}))
    ann.transact(merge("todos", milk, {"tags": {"b": 2}}))

    todos.wait_for({"todos": [{"id": milk, "text": "oat milk", "tags": {"a": 1, "b": 2}}]})


def test_nested_query_follows_a_link_both_ways(ann: CoreClient, bob: CoreClient) -> None:
    goal, milk, bread = new_id(), new_id(), new_id()
    forward, reverse = bob.subscribe(GOALS_WITH_TODOS), bob.subscribe(TODOS_WITH_GOALS)
    forward.wait_for({"goals": []})

    ann.transact(
        update("goals", goal, {"title": "breakfast"}),
        update("todos", milk, {"text": "milk"}),
        update("todos", bread, {"text": "bread"}),
        link("goals", goal, {"todos": [milk, bread]}),
    )

    todos = [{"id": milk, "text": "milk"}, {"id": bread, "text": "bread"}]
    goals = [{"id": goal, "title": "breakfast"}]
    forward.wait_for({"goals": [goals[0] | {"todos": todos}]})
    reverse.wait_for({"todos": [todo | {"goals": goals} for todo in todos]})


def test_unlink_leaves_both_ends(ann: CoreClient, bob: CoreClient) -> None:
    goal, milk = new_id(), new_id()
    ann.transact(
        update("goals", goal, {"title": "breakfast"}),
        update("todos", milk, {"text": "milk"}),
        link("goals", goal, {"todos": milk}),
    )
    goals, todos = bob.subscribe(GOALS_WITH_TODOS), bob.subscribe(TODOS)
    goals.wait_until(lambda data: data["goals"][0]["todos"], "the linked todo")

    ann.transact(unlink("goals", goal, {"todos": milk}))

    goals.wait_for({"goals": [{"id": goal, "title": "breakfast", "todos": []}]})
    assert todos.data == {"todos": [{"id": milk, "text": "milk"}]}


def test_change_of_a_linked_entity_refreshes_the_parent(ann: CoreClient, bob: CoreClient) -> None:
    goal, milk = new_id(), new_id()
    ann.transact(
        update("goals", goal, {"title": "breakfast"}),
        update("todos", milk, {"text": "milk"}),
        link("goals", goal, {"todos": milk}),
    )
    goals = bob.subscribe(GOALS_WITH_TODOS)
    goals.wait_until(lambda data: data["goals"], "the goal")

    ann.transact(update("todos", milk, {"text": "oat milk"}))

    goals.wait_until(lambda data: data["goals"][0]["todos"][0]["text"] == "oat milk", "oat milk")


def test_deleted_entity_leaves_every_answer(ann: CoreClient, bob: CoreClient) -> None:
    goal, milk = new_id(), new_id()
    ann.transact(
        update("goals", goal, {"title": "breakfast"}),
        update("todos", milk, {"text": "milk"}),
        link("goals", goal, {"todos": milk}),
    )
    flat, nested = bob.subscribe(TODOS), bob.subscribe(GOALS_WITH_TODOS)
    flat.wait_for({"todos": [{"id": milk, "text": "milk"}]})

    ann.transact(delete("todos", milk))

    flat.wait_for({"todos": []})
    nested.wait_for({"goals": [{"id": goal, "title": "breakfast", "todos": []}]})


def test_entity_moves_between_filtered_answers(ann: CoreClient, bob: CoreClient) -> None:
    milk = new_id()
    ann.transact(update("todos", milk, {"text": "milk", "done": False}))
    still_open = bob.subscribe({"todos": {"$": {"where": {"done": False}}}})
    done = bob.subscribe({"todos": {"$": {"where": {"done": True}}}})
    still_open.wait_until(lambda data: len(data["todos"]) == 1, "one open todo")
    done.wait_for({"todos": []})

    ann.transact(update("todos", milk, {"done": True}))

    still_open.wait_for({"todos": []})
    done.wait_for({"todos": [{"id": milk, "text": "milk", "done": True}]})


def test_third_client_finds_the_same_state(
    connect: Connect, ann: CoreClient, bob: CoreClient
) -> None:
    goal, milk, gone = new_id(), new_id(), new_id()
    ann.transact(
        update("goals", goal, {"title": "breakfast"}),
        update("todos", milk, {"text": "milk"}),
        update("todos", gone, {"text": "gone"}),
        link("goals", goal, {"todos": [milk, gone]}),
    )
    bob.transact(delete("todos", gone))
    first = ann.subscribe(GOALS_WITH_TODOS)
    expected = {
        "goals": [{"id": goal, "title": "breakfast", "todos": [{"id": milk, "text": "milk"}]}]
    }
    first.wait_for(expected)

    cleo = connect("cleo")

    assert cleo.query_once(GOALS_WITH_TODOS)["data"] == expected


def test_new_attrs_reach_the_other_client_with_the_data(
    core: CoreProcess, ann: CoreClient, bob: CoreClient
) -> None:
    todos = bob.subscribe(TODOS)
    todos.wait_for({"todos": []})
    milk = new_id()

    ann.transact(update("todos", milk, {"text": "milk"}))
    todos.wait_for({"todos": [{"id": milk, "text": "milk"}]})
    ann.transact(update("todos", milk, {"priority": 1}))

    todos.wait_for({"todos": [{"id": milk, "text": "milk", "priority": 1}]})
    # A write of Bob's own shows that he knows them as attrs and not only the rows.
    bob.transact(update("todos", milk, {"priority": 2}))
    assert ann.query_once(TODOS)["data"] == {"todos": [{"id": milk, "text": "milk", "priority": 2}]}
    assert not [frame for frame in _sent_by(core, bob) if '"add-attr"' in frame]


def test_burst_of_writes_ends_in_the_same_state_everywhere(
    ann: CoreClient, bob: CoreClient
) -> None:
    counter = new_id()
    ann.transact(update("counters", counter, {"n": -1}))
    seen_by_ann, seen_by_bob = ann.subscribe({"counters": {}}), bob.subscribe({"counters": {}})
    seen_by_bob.wait_until(lambda data: data["counters"], "the counter")

    writes = [ann.start_transact(update("counters", counter, {"n": n})) for n in range(100)]
    results = [write.result() for write in writes]

    assert {result["status"] for result in results} == {"synced"}
    seen_by_ann.wait_for({"counters": [{"id": counter, "n": 99}]})
    seen_by_bob.wait_for({"counters": [{"id": counter, "n": 99}]})
    shown = [answer.data["counters"][0]["n"] for answer in seen_by_bob.shown]
    assert shown == sorted(shown)


def test_stopped_subscription_stays_as_it_was(ann: CoreClient, bob: CoreClient) -> None:
    stopped, live = bob.subscribe(TODOS), bob.subscribe({"todos": {"$": {"where": {"a": 1}}}})
    stopped.wait_for({"todos": []})
    stopped.stop()

    ann.transact(update("todos", new_id(), {"a": 1}))

    live.wait_until(lambda data: len(data["todos"]) == 1, "the new todo")
    assert stopped.data == {"todos": []}


def _sent_by(core: CoreProcess, client: CoreClient) -> list[str]:
    return [frame.text for frame in core.frames(client) if frame.direction == "out"]
