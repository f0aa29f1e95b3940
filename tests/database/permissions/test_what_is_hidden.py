"""Hidden entities and fields stay hidden wherever a query could let them through (§15)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.database.permissions.guarded import Guarded
from wire import json

pytestmark = pytest.mark.asyncio

RED: Final = {"todos": {"allow": {"view": "'red' in data.ref('team.name')"}}}
SECRET_OF_OWNER: Final = {"todos": {"fields": {"secret": "auth.id == data.ownerId"}}}
SECRETS: Final = ("s-shop", "s-cook", "s-swim")


def of_todos(**options: Any) -> dict[str, Any]:
    """A query of todos."""
    return {"todos": {"$": options}}


@pytest.mark.parametrize(
    ("query", "visible"),
    [
        pytest.param(of_todos(), "shop cook", id="everything"),
        pytest.param(of_todos(where={"title": "swim"}), "", id="by value"),
        pytest.param(of_todos(where={"title": {"$in": ["swim", "cook"]}}), "cook", id="by set"),
        pytest.param(of_todos(where={"title": {"$not": "cook"}}), "shop", id="by difference"),
        pytest.param(of_todos(where={"title": {"$like": "s%"}}), "shop", id="by pattern"),
        pytest.param(of_todos(where={"size": {"$isNull": True}}), "", id="by absence"),
        pytest.param(
            of_todos(where={"or": [{"title": "swim"}, {"title": "cook"}]}), "cook", id="or"
        ),
        pytest.param(of_todos(limit=1), "shop", id="limit"),
        pytest.param(of_todos(limit=2, order={"title": "desc"}), "cook shop", id="ordered limit"),
        pytest.param(of_todos(last=1), "cook", id="last"),
        pytest.param(of_todos(limit=1, offset=1), "cook", id="offset"),
        pytest.param(of_todos(limit=1, order={"title": "asc"}), "cook", id="first in order"),
    ],
)
async def test_rows_are_hidden_before_anything_is_cut(
    guarded: Guarded, query: dict[str, Any], visible: str
) -> None:
    rules = await guarded.push(RED)
    assert await guarded.titles(rules, query) == sorted(visible.split())


@pytest.mark.parametrize("order", [{"serverCreatedAt": "desc"}, {"title": "desc"}])
async def test_pages_are_of_what_is_visible(guarded: Guarded, order: dict[str, str]) -> None:
    rules = await guarded.push(RED)
    first = await guarded.ask(rules, of_todos(limit=1, order=order))
    info = json.loads(first.result)[0]["data"]["page-info"]["todos"]
    assert (info["has-next-page?"], info["has-previous-page?"]) == (True, False)
    query = of_todos(limit=1, order=order, after=info["end-cursor"])
    second = await guarded.ask(rules, query)
    info = json.loads(second.result)[0]["data"]["page-info"]["todos"]
    assert (info["has-next-page?"], info["has-previous-page?"]) == (False, True)


@pytest.mark.parametrize(
    ("rules", "user", "number"),
    [
        pytest.param(RED, None, 2, id="rows"),
        pytest.param({"todos": {"allow": {"view": "false"}}}, "ann", 0, id="nothing"),
        pytest.param({}, None, 4, id="no rule"),
    ],
)
async def test_count_is_of_what_is_visible(
    guarded: Guarded, rules: dict[str, Any], user: str | None, number: int
) -> None:
    answer = await guarded.ask(await guarded.push(rules), of_todos(aggregate="count"), user)
    assert json.loads(answer.result)[0]["data"]["aggregate"] == {"todos": {"count": number}}


@pytest.mark.parametrize(
    ("where", "visible"),
    [
        pytest.param({"todos.title": "shop"}, "red", id="through a visible entity"),
        pytest.param({"todos.title": "swim"}, "", id="through a hidden entity"),
        pytest.param({"todos.title": {"$not": "x"}}, "red", id="hidden entities differ from none"),
        pytest.param({"todos.size": {"$isNull": True}}, "", id="absence in a hidden entity"),
        pytest.param({"todos.title": {"$like": "%"}}, "red", id="pattern"),
        pytest.param(
            {"or": [{"todos.title": "swim"}, {"todos.title": "cook"}]}, "red", id="in an or"
        ),
        pytest.param({"todos.owner.email": "cat@x.com"}, "", id="beyond a hidden entity"),
        pytest.param({"todos.owner.email": "ann@x.com"}, "red", id="beyond a visible entity"),
    ],
)
async def test_nothing_matches_through_what_is_hidden(
    guarded: Guarded, where: dict[str, Any], visible: str
) -> None:
    rules = await guarded.push({**RED, "$users": {"allow": {"view": "true"}}})
    found = await guarded.tree(rules, {"teams": {"$": {"where": where}}})
    assert [team["name"] for team in found["teams"]] == visible.split()


async def test_link_by_id_reveals_no_hidden_entity(guarded: Guarded) -> None:
    rules = await guarded.push(RED)
    for todo, visible in (("swim", []), ("shop", ["red"])):
        query = {"teams": {"$": {"where": {"todos": guarded.names[todo]}}}}
        found = await guarded.tree(rules, query)
        assert [team["name"] for team in found["teams"]] == visible


async def test_hidden_children_are_left_out_with_what_is_below(guarded: Guarded) -> None:
    rules = await guarded.push({**RED, "$users": {"allow": {"view": "true"}}})
    found = await guarded.tree(rules, {"teams": {"todos": {"owner": {}}}})
    shown = {
        team["name"]: sorted(todo["title"] for todo in team["todos"]) for team in found["teams"]
    }
    assert shown == {"red": ["cook", "shop"], "blue": []}


async def test_nested_limit_is_of_visible_children(guarded: Guarded) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": "data.title != 'shop'"}}})
    query = {"teams": {"$": {"where": {"name": "red"}}, "todos": {"$": {"limit": 1}}}}
    (team,) = (await guarded.tree(rules, query))["teams"]
    assert [todo["title"] for todo in team["todos"]] == ["cook"]


@pytest.mark.parametrize("user", ["ann", None])
@pytest.mark.parametrize(
    "query",
    [
        pytest.param(of_todos(), id="all fields"),
        pytest.param(of_todos(fields=["title", "secret"]), id="chosen fields"),
        pytest.param({"teams": {"todos": {}}}, id="nested"),
        pytest.param({"teams": {"todos": {"$": {"order": {"secret": "asc"}}}}}, id="nested order"),
        pytest.param(
            {"teams": {"todos": {"$": {"order": {"secret": "asc"}, "limit": 1, "fields": []}}}},
            id="nested order, not chosen",
        ),
        pytest.param(of_todos(order={"secret": "asc"}, limit=4), id="order"),
        pytest.param(of_todos(order={"secret": "desc"}, limit=1, fields=["title"]), id="cursor"),
        pytest.param(of_todos(where={"secret": {"$like": "s-%"}}), id="pattern"),
        pytest.param(of_todos(where={"secret": {"$gt": "a"}}, fields=[]), id="comparison"),
        pytest.param(of_todos(where={"secret": {"$not": "x"}}), id="difference"),
        pytest.param({"teams": {"$": {"where": {"todos.secret": {"$like": "s%"}}}}}, id="path"),
    ],
)
async def test_hidden_field_leaves_in_no_way(
    guarded: Guarded, query: dict[str, Any], user: str | None
) -> None:
    rules = await guarded.push(SECRET_OF_OWNER)
    answer = await guarded.ask(rules, query, user)
    seen = {secret for secret in SECRETS if secret.encode() in answer.result}
    assert seen <= ({"s-shop"} if user == "ann" else set())


@pytest.mark.parametrize(
    ("where", "visible"),
    [
        pytest.param({"secret": "s-shop"}, "shop", id="own"),
        pytest.param({"secret": "s-cook"}, "", id="hidden"),
        pytest.param({"secret": {"$not": "s-shop"}}, "", id="difference"),
        pytest.param({"secret": {"$isNull": True}}, "", id="absence"),
        pytest.param({"secret": {"$isNull": False}}, "shop", id="presence"),
        pytest.param({"team.todos.secret": "s-cook"}, "", id="path"),
        pytest.param({"team.todos.secret": "s-shop"}, "cook shop", id="path to the own one"),
        pytest.param({"or": [{"secret": "s-cook"}, {"title": "swim"}]}, "swim", id="or"),
    ],
)
async def test_nothing_matches_by_a_hidden_field(
    guarded: Guarded, where: dict[str, Any], visible: str
) -> None:
    rules = await guarded.push(SECRET_OF_OWNER)
    assert await guarded.titles(rules, of_todos(where=where), "ann") == visible.split()


async def test_row_without_a_visible_place_in_the_order_is_left_out(guarded: Guarded) -> None:
    rules = await guarded.push(SECRET_OF_OWNER)
    found = await guarded.titles(rules, of_todos(order={"secret": "asc"}), "ann")
    assert found == ["shop"]


async def test_hidden_link_leads_nowhere(guarded: Guarded) -> None:
    rules = await guarded.push({"todos": {"fields": {"team": "auth.id == data.ownerId"}}})
    found = await guarded.tree(rules, {"todos": {"team": {}}, "teams": {"todos": {}}}, "ann")
    linked = {todo["title"]: len(todo["team"]) for todo in found["todos"]}
    assert linked == {"shop": 1, "cook": 0, "swim": 0, "drift": 0}
    assert sorted(len(team["todos"]) for team in found["teams"]) == [0, 1]
    where = {"team.name": "red"}
    assert await guarded.titles(rules, of_todos(where=where), "ann") == ["shop"]


@pytest.mark.parametrize(
    ("rules", "user", "visible"),
    [
        pytest.param({}, "ann", ["ann@x.com"], id="by itself: own row"),
        pytest.param({}, None, [], id="by itself: signed out"),
        pytest.param({"$users": {"allow": {"view": "true"}}}, None, 3, id="own rule"),
        pytest.param({"$default": {"allow": {"view": "true"}}}, None, 3, id="default opens"),
        pytest.param({"$default": {"allow": {"$default": "false"}}}, "ann", [], id="… and shuts"),
    ],
)
async def test_users_see_themselves_unless_rules_say_otherwise(
    guarded: Guarded, rules: dict[str, Any], user: str | None, visible: Any
) -> None:
    found = await guarded.tree(await guarded.push(rules), {"$users": {}}, user)
    emails = [row["email"] for row in found["$users"]]
    assert (len(emails) if isinstance(visible, int) else emails) == visible


@pytest.mark.parametrize(
    ("etype", "shown_by_default_rule"),
    [("$files", 1), ("$magicCodes", 0)],
)
async def test_system_etypes_are_closed_and_some_cannot_be_opened(
    guarded: Guarded, etype: str, shown_by_default_rule: int
) -> None:
    closed = await guarded.tree(await guarded.push({}), {etype: {}}, "ann")
    rules = await guarded.push({"$default": {"allow": {"$default": "true"}}})
    opened = await guarded.tree(rules, {etype: {}}, "ann")
    assert (len(closed[etype]), len(opened[etype])) == (0, shown_by_default_rule)
