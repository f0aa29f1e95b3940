"""Every row of instaql.md §2 over users, shelves and books, plain and checked.

What is expected is written as handles, names and titles; besides, every answer is compared with
the naive evaluator and with the published client (see `ask`).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.samples import checked, entity_id, plain
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

EVERYBODY = ["stopa", "joe", "alex", "nicolegf"]


def key(name: str) -> str:
    """The id of an entity of the file."""
    return entity_id("zeneca", name)


STOPA, JOE, ALEX, NICOLE = (key(name) for name in ("2", "3", "47", "622"))
SHORT_STORIES, NONFICTION = key("47-0"), key("47-1")


def of(nodes: list[dict[str, Any]], label: str) -> list[Any]:
    """One property of each row."""
    return [node.get(label) for node in nodes]


@pytest.mark.parametrize("world", [pytest.param(plain, id="plain"), pytest.param(checked, id="ch")])
@pytest.mark.parametrize(
    ("where", "handles"),
    [
        pytest.param({}, EVERYBODY, id="empty"),
        pytest.param({"handle": "alex"}, ["alex"], id="unique and indexed"),
        pytest.param({"email": "joe@instantdb.com"}, ["joe"], id="other unique"),
        pytest.param({"fullName": "Nicole"}, ["nicolegf"], id="not indexed"),
        pytest.param({"id": ALEX}, ["alex"], id="id"),
        pytest.param({"id": new_id()}, [], id="id of nothing"),
        pytest.param({"handle": "zed"}, [], id="no such value"),
        pytest.param({"handle": "alex", "fullName": "Alex"}, ["alex"], id="two keys"),
        pytest.param({"handle": "alex", "fullName": "Nicole"}, [], id="two keys of two rows"),
        pytest.param({"handle": {"$in": ["alex", "joe"]}}, ["joe", "alex"], id="$in"),
        pytest.param({"handle": {"in": ["alex", "zed"]}}, ["alex"], id="in"),
        pytest.param({"handle": {"$in": []}}, [], id="empty $in"),
        pytest.param({"handle": {"$in": [None]}}, [], id="null in $in"),
        pytest.param({"handle": {"$not": "alex"}}, ["stopa", "joe", "nicolegf"], id="$not"),
        pytest.param({"handle": {"$ne": "alex"}}, ["stopa", "joe", "nicolegf"], id="$ne"),
        pytest.param({"handle": {"$isNull": True}}, [], id="$isNull"),
        pytest.param({"handle": {"$isNull": False}}, EVERYBODY, id="not $isNull"),
        pytest.param({"bookshelves": NONFICTION}, ["alex"], id="link is id"),
        pytest.param(
            {"bookshelves": {"$in": [NONFICTION, key("3-0")]}}, ["joe", "alex"], id="link $in"
        ),
        pytest.param({"bookshelves": {"$not": NONFICTION}}, EVERYBODY, id="some other link"),
        pytest.param({"bookshelves": {"$isNull": False}}, EVERYBODY, id="has links"),
        pytest.param({"bookshelves": {"$isNull": True}}, [], id="has no links"),
        pytest.param({"bookshelves.name": "Nonfiction"}, ["alex"], id="path"),
        pytest.param({"bookshelves.name": 2020}, ["joe"], id="path to a number"),
        pytest.param({"bookshelves.name": "2020"}, [], id="number is no text"),
        pytest.param({"bookshelves.id": NONFICTION}, ["alex"], id="path to id"),
        pytest.param(
            {"bookshelves.books.title": "The Spy and the Traitor"}, ["alex"], id="two links"
        ),
        pytest.param({"nothing": 1}, [], id="unknown attr"),
        pytest.param({"bookshelves.nothing": 1}, [], id="unknown attr of a link"),
        pytest.param({"nothing.name": 1}, [], id="unknown link"),
        pytest.param({"or": [{"nothing": 1}, {"handle": "alex"}]}, [], id="unknown in or"),
        pytest.param(
            {"or": [{"handle": "alex"}, {"handle": "joe"}]}, ["joe", "alex"], id="or on one key"
        ),
        pytest.param(
            {"or": [{"handle": "alex"}, {"fullName": "Nicole"}]}, ["alex", "nicolegf"], id="or"
        ),
        pytest.param({"and": [{"handle": "alex"}, {"fullName": "Alex"}]}, ["alex"], id="and"),
        pytest.param(
            {"and": [{"or": [{"handle": "alex"}, {"handle": "joe"}]}, {"fullName": "Alex"}]},
            ["alex"],
            id="or in and",
        ),
        pytest.param(
            {"or": [{"and": [{"handle": "alex"}, {"fullName": "Nicole"}]}, {"handle": "joe"}]},
            ["joe"],
            id="and in or",
        ),
        pytest.param({"or": [{"or": [{"handle": "alex"}]}]}, ["alex"], id="nested or of one"),
        pytest.param(
            {"bookshelves.name": "Nonfiction", "bookshelves.order": 1},
            ["alex"],
            id="one shelf with both",
        ),
        pytest.param(
            {"bookshelves.name": "Short Stories", "bookshelves.order": 1},
            [],
            id="no one shelf with both",
        ),
        pytest.param(
            {"and": [{"bookshelves.name": "Short Stories"}, {"bookshelves.order": 1}]},
            ["alex"],
            id="two shelves",
        ),
    ],
)
async def test_where(ask: Ask, world: Any, where: dict[str, Any], handles: list[str]) -> None:
    served = await ask(world(), {"users": {"$": {"where": where}}})
    assert of(served.tree["users"], "handle") == handles


@pytest.mark.parametrize(
    ("where", "handles"),
    [
        pytest.param({"handle": {"$gt": "joe"}}, ["stopa", "nicolegf"], id="$gt"),
        pytest.param({"handle": {"$gte": "joe"}}, ["stopa", "joe", "nicolegf"], id="$gte"),
        pytest.param({"handle": {"$lt": "joe"}}, ["alex"], id="$lt"),
        pytest.param({"handle": {"$lte": "joe"}}, ["joe", "alex"], id="$lte"),
        pytest.param({"handle": {"$gte": "b", "$lt": "n"}}, ["joe"], id="both ends"),
        pytest.param({"handle": {"$like": "%o%"}}, ["stopa", "joe", "nicolegf"], id="$like"),
        pytest.param({"handle": {"$like": "_oe"}}, ["joe"], id="one character"),
        pytest.param({"handle": {"$like": "o%"}}, [], id="anchored"),
        pytest.param({"handle": {"$like": "ALEX"}}, [], id="$like knows case"),
        pytest.param({"handle": {"$ilike": "ALEX"}}, ["alex"], id="$ilike"),
        pytest.param({"handle": {"$ilike": "A%X"}}, ["alex"], id="$ilike with a wildcard"),
        pytest.param({"handle": {"$like": "%\\%"}}, [], id="backslash is itself"),
        pytest.param({"bookshelves.order": {"$gt": 14}}, ["stopa", "joe"], id="number of a link"),
        pytest.param(
            {"bookshelves.books.title": {"$like": "%Spy and the%"}}, ["alex"], id="far away"
        ),
        pytest.param({"createdAt": "2021-01-09 18:53:07.993689"}, ["alex"], id="date as written"),
        pytest.param({"createdAt": "2021-01-09T18:53:07.993689Z"}, [], id="date in another form"),
    ],
)
async def test_where_on_typed_attrs(ask: Ask, where: dict[str, Any], handles: list[str]) -> None:
    served = await ask(checked(), {"users": {"$": {"where": where}}})
    assert of(served.tree["users"], "handle") == handles


@pytest.mark.parametrize(
    ("options", "handles", "has_next", "has_previous"),
    [
        pytest.param({"order": {"serverCreatedAt": "asc"}}, EVERYBODY, False, False, id="order"),
        pytest.param({"limit": 2}, ["stopa", "joe"], True, False, id="limit"),
        pytest.param({"first": 2}, ["stopa", "joe"], True, False, id="first"),
        pytest.param({"limit": 2, "offset": 1}, ["joe", "alex"], True, True, id="offset"),
        pytest.param({"limit": 1, "offset": 999}, [], False, True, id="offset beyond"),
        pytest.param({"offset": 3}, ["nicolegf"], False, True, id="offset alone"),
        pytest.param({"last": 1, "before": ALEX}, ["joe"], True, True, id="last before"),
        pytest.param({"last": 2, "before": ALEX}, ["stopa", "joe"], True, False, id="last 2"),
        pytest.param({"last": 1}, ["nicolegf"], False, True, id="last alone"),
        pytest.param({"last": 2, "offset": 1}, ["joe", "alex"], True, True, id="last offset"),
        pytest.param({"first": 1, "after": ALEX}, ["nicolegf"], False, True, id="after"),
        pytest.param({"first": 1, "after": NICOLE}, [], False, True, id="after the end"),
        pytest.param(
            {"first": 1, "after": ALEX, "order": {"serverCreatedAt": "desc"}},
            ["joe"],
            True,
            True,
            id="after, descending",
        ),
        pytest.param({"after": JOE, "before": NICOLE}, ["alex"], True, True, id="between"),
        pytest.param(
            {"after": JOE, "before": ALEX, "afterInclusive": True, "beforeInclusive": True},
            ["joe", "alex"],
            True,
            True,
            id="between, both ends included",
        ),
        pytest.param(
            {"limit": 1, "after": JOE, "afterInclusive": True}, ["joe"], True, True, id="from"
        ),
        pytest.param({"limit": None, "where": {"handle": "joe"}}, ["joe"], None, None, id="null"),
    ],
)
async def test_page(
    ask: Ask,
    options: dict[str, Any],
    handles: list[str],
    has_next: bool | None,
    has_previous: bool | None,
) -> None:
    cursors = {
        end: list(plain().id_triple(options[end], "users") or ())
        for end in ("after", "before")
        if end in options
    }
    served = await ask(plain(), {"users": {"$": {**options, **cursors}}})
    info = served.page_info.get("users", {})
    assert of(served.tree["users"], "handle") == handles
    assert info.get("has-next-page?") == has_next
    assert info.get("has-previous-page?") == has_previous


async def test_page_of_a_typed_order_has_its_cursors(ask: Ask) -> None:
    served = await ask(checked(), {"users": {"$": {"order": {"handle": "desc"}, "limit": 2}}})
    info = served.page_info["users"]
    attr = checked().catalog.forward("users", "handle")
    assert attr is not None
    assert of(served.tree["users"], "handle") == ["stopa", "nicolegf"]
    assert info["start-cursor"][:3] == [STOPA, attr.id, "stopa"]
    assert info["end-cursor"][:3] == [NICOLE, attr.id, "nicolegf"]


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_pages_over_an_order_join_without_gap_or_overlap(ask: Ask, direction: str) -> None:
    order = {"title": direction}
    whole = await ask(checked(), {"books": {"$": {"order": order, "fields": ["title"]}}})
    paged: list[Any] = []
    options: dict[str, Any] = {"order": order, "first": 150, "fields": ["title"]}
    while True:
        served = await ask(checked(), {"books": {"$": options}})
        paged += served.tree["books"]
        if not served.page_info["books"]["has-next-page?"]:
            break
        options = {**options, "after": served.page_info["books"]["end-cursor"]}
    assert len(paged) == 392
    assert paged == whole.tree["books"]


async def test_limit_counts_entities_and_not_matches(ask: Ask) -> None:
    where = {"bookshelves.order": {"$isNull": False}}
    served = await ask(checked(), {"users": {"$": {"where": where, "limit": 2}}})
    assert of(served.tree["users"], "handle") == ["stopa", "joe"]


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        pytest.param([], {"id"}, id="none"),
        pytest.param(["handle"], {"id", "handle"}, id="one"),
        pytest.param(["id", "handle"], {"id", "handle"}, id="with id"),
        pytest.param(["nothing", "bookshelves"], {"id"}, id="unknown and to-many"),
    ],
)
async def test_fields(ask: Ask, fields: list[str], labels: set[str]) -> None:
    options = {"fields": fields, "where": {"fullName": "Alex"}}
    served = await ask(plain(), {"users": {"$": options}})
    (alex,) = served.tree["users"]
    assert set(alex) == labels


async def test_children_are_followed_both_ways(ask: Ask) -> None:
    query = {
        "bookshelves": {
            "$": {"where": {"name": "Nonfiction"}},
            "users": {"$": {"fields": ["handle"]}},
            "books": {"$": {"where": {"title": {"$ilike": "%s%"}}, "fields": ["title"]}},
        }
    }
    served = await ask(checked(), query)
    (shelf,) = served.tree["bookshelves"]
    assert of(shelf["users"], "handle") == ["alex"]
    assert shelf["books"]
    assert all("s" in book["title"].lower() for book in shelf["books"])


async def test_parents_stay_without_children(ask: Ask) -> None:
    query = {"users": {"bookshelves": {"$": {"where": {"name": "Nonfiction"}}}}}
    served = await ask(plain(), query)
    assert [len(user["bookshelves"]) for user in served.tree["users"]] == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        pytest.param({}, 392, id="all"),
        pytest.param({"where": {"title": {"$like": "The %"}}}, 125, id="where"),
        pytest.param({"limit": 10}, 10, id="limit"),
    ],
)
async def test_count(ask: Ask, options: dict[str, Any], count: int) -> None:
    served = await ask(checked(), {"books": {"$": {**options, "aggregate": "count"}}})
    assert served.tree == {"books": []}
    assert served.triples == []
    assert served.aggregate == {"books": {"count": count}}


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        pytest.param({}, {}, id="nothing asked"),
        pytest.param({"zippy": {}}, {"zippy": []}, id="unknown namespace"),
        pytest.param({"zippy": {"zap": {}}}, {"zippy": []}, id="child of an unknown namespace"),
        pytest.param(
            {"users": {"$": {"where": {"handle": "alex"}, "fields": []}, "zap": {}}},
            {"users": [{"id": ALEX, "zap": []}]},
            id="unknown link",
        ),
        pytest.param(
            {"users": {"$": {"where": {"id": ALEX}, "fields": []}}, "$$ruleParams": {"k": 1}},
            {"users": [{"id": ALEX}]},
            id="rule params",
        ),
        pytest.param({"users": {"$": None}}, None, id="no options"),
    ],
)
async def test_unknown_names_and_odd_forms(ask: Ask, query: Any, tree: Any) -> None:
    served = await ask(plain(), query)
    assert tree is None or served.tree == tree


async def test_page_of_an_unknown_namespace_is_empty_but_there(ask: Ask) -> None:
    """`subscribeInfiniteQuery` throws without page info (instaql.md §2.5)."""
    served = await ask(plain(), {"zippy": {"$": {"limit": 1}}})
    assert served.page_info["zippy"]["start-cursor"] is None
    assert served.page_info["zippy"]["has-next-page?"] is False


async def test_two_namespaces_share_one_answer(ask: Ask) -> None:
    query = {
        "users": {"$": {"where": {"handle": "alex"}, "fields": ["handle"]}},
        "bookshelves": {"$": {"where": {"name": "Nonfiction"}, "fields": ["name"]}},
    }
    served = await ask(plain(), query)
    assert of(served.tree["users"], "handle") == ["alex"]
    assert of(served.tree["bookshelves"], "name") == ["Nonfiction"]


async def test_hundreds_of_forms_share_one_answer(ask: Ask) -> None:
    """More than a function of PostgreSQL takes as arguments."""
    some: dict[str, Any] = {f"unknown{number}": {"$": {"limit": 1}} for number in range(60)}
    counts = {f"none{number}": {"$": {"aggregate": "count"}} for number in range(60)}
    child: dict[str, Any] = {}
    for level in range(120):
        child = {("users" if level % 2 else "bookshelves"): {"$": {"limit": 1}, **child}}
    users = {"$": {"where": {"handle": "joe"}, "limit": 1}, "bookshelves": child["users"]}
    served = await ask(plain(), {**some, **counts, "users": users})
    assert len(served.page_info) == 61
    assert len(served.aggregate) == 60
    assert of(served.tree["users"], "handle") == ["joe"]
