"""The worked examples of instaql.md §3.2, triple for triple.

The world is the spec's: two users, two shelves, a book; ids are spelled as names here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.world import World, WorldBuilder
from wire import json
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

T = 1610045483742
IDS = {name: new_id() for name in ("u1", "u2", "s1", "s2", "b1")}
ATTRS = {
    "uI": ("users", "id"),
    "uH": ("users", "handle"),
    "uN": ("users", "name"),
    "uS": ("users", "shelves"),
    "sI": ("shelves", "id"),
    "sN": ("shelves", "name"),
    "sB": ("shelves", "books"),
    "bI": ("books", "id"),
    "bT": ("books", "title"),
    "bA": ("books", "author"),
}


@cache
def world() -> World:
    """The data of the worked examples; `u1` is a little older than `u2`."""
    builder = WorldBuilder()
    builder.blob("users", "handle", "string", indexed=True)
    builder.blob("users", "name", indexed=True)
    builder.blob("shelves", "name")
    builder.blob("books", "title")
    builder.link("users", "shelves", "shelves", "users")
    builder.link("shelves", "books", "books", "shelves")
    builder.link("books", "author", "users", "wrote", cardinality="one")
    at = {name: T + number for number, name in enumerate(IDS)}
    shelves = [IDS["s1"], IDS["s2"]]
    builder.entity("users", IDS["u1"], at["u1"], handle="alex", name="Alex", shelves=shelves)
    builder.entity("users", IDS["u2"], at["u2"], handle="joe", name=None)
    builder.entity("shelves", IDS["s1"], at["s1"], name="A", books=[IDS["b1"]])
    builder.entity("shelves", IDS["s2"], at["s2"], name="B")
    builder.entity("books", IDS["b1"], at["b1"], title="T", author=IDS["u2"])
    return builder.build()


def named(text: str) -> str:
    """Replace ids by their names."""
    for name, entity in IDS.items():
        text = text.replace(entity, name)
    for name, ident in ATTRS.items():
        attr = world().catalog.forward(*ident)
        assert attr is not None
        text = text.replace(attr.id, name)
    return text


def lines(triples: list[list[Any]]) -> set[str]:
    """Triples as `entity attr value`."""
    return {" ".join([e, a, str(v)]) for e, a, v, _ in json.loads(named_json(triples))}


def named_json(value: Any) -> str:
    """JSON with names for ids."""
    return named(json.dumps(value).decode())


U1 = {"u1 uI u1", "u1 uH alex", "u1 uN Alex"}
U2 = {"u2 uI u2", "u2 uH joe", "u2 uN None"}
U1_NODE = {"id": "u1", "handle": "alex", "name": "Alex"}
U2_NODE = {"id": "u2", "handle": "joe", "name": None}
S1, S1_NODE = {"s1 sI s1", "s1 sN A"}, {"id": "s1", "name": "A"}
S2, S2_NODE = {"s2 sI s2", "s2 sN B"}, {"id": "s2", "name": "B"}
B1, B1_NODE = {"b1 bI b1", "b1 bT T", "b1 bA u2"}, {"id": "b1", "title": "T", "author": "u2"}


def users(**options: Any) -> dict[str, Any]:
    """A form with only options."""
    return {"users": {"$": options}}


@pytest.mark.parametrize(
    ("query", "triples", "tree"),
    [
        pytest.param({"users": {}}, U1 | U2, {"users": [U1_NODE, U2_NODE]}, id="all"),
        pytest.param(users(where={"handle": "alex"}), U1, {"users": [U1_NODE]}, id="where"),
        pytest.param(users(where={"handle": "zed"}), set(), {"users": []}, id="nobody"),
        pytest.param({"zippy": {}}, set(), {"zippy": []}, id="unknown namespace"),
        pytest.param(
            users(where={"shelves.books.title": "T"}),
            U1 | {"u1 uS s1", "s1 sB b1", "b1 bT T"},
            {"users": [U1_NODE]},
            id="path",
        ),
        pytest.param(
            users(where={"shelves": IDS["s1"]}), U1 | {"u1 uS s1"}, {"users": [U1_NODE]}, id="link"
        ),
        pytest.param(
            users(where={"name": {"$isNull": True}}), U2, {"users": [U2_NODE]}, id="$isNull"
        ),
        pytest.param(
            {"users": {"$": {"where": {"handle": "alex"}}, "shelves": {}}},
            U1 | {"u1 uS s1", "u1 uS s2"} | S1 | S2,
            {"users": [U1_NODE | {"shelves": [S1_NODE, S2_NODE]}]},
            id="forward link",
        ),
        pytest.param(
            {"shelves": {"$": {"where": {"name": "A"}}, "users": {}}},
            S1 | {"u1 uS s1"} | U1,
            {"shelves": [S1_NODE | {"users": [U1_NODE]}]},
            id="reverse link",
        ),
        pytest.param({"books": {}}, B1, {"books": [B1_NODE]}, id="has-one link included"),
        pytest.param(
            {"books": {"author": {}}},
            B1 | U2,
            {"books": [B1_NODE | {"author": [U2_NODE]}]},
            id="has-one link expanded",
        ),
        pytest.param(
            {"users": {"$": {"where": {"id": IDS["u1"]}}, "wrote": {}}},
            U1,
            {"users": [U1_NODE | {"wrote": []}]},
            id="no children",
        ),
        pytest.param(
            users(fields=[]),
            {"u1 uI u1", "u2 uI u2"},
            {"users": [{"id": "u1"}, {"id": "u2"}]},
            id="no fields",
        ),
        pytest.param(
            users(limit=1, order={"handle": "desc"}), U2, {"users": [U2_NODE]}, id="limit, order"
        ),
        pytest.param(users(limit=1), U1, {"users": [U1_NODE]}, id="limit"),
        pytest.param(users(aggregate="count"), set(), {"users": []}, id="count"),
    ],
)
async def test_example(ask: Ask, query: Any, triples: set[str], tree: Any) -> None:
    served = await ask(world(), query)
    assert lines(served.triples) == triples
    assert json.loads(named_json(served.tree)) == tree


async def test_two_levels(ask: Ask) -> None:
    books = {"$": {"fields": ["title"]}}
    shelves = {"$": {"where": {"name": "A"}}, "books": books}
    served = await ask(world(), {"users": {"$": {"where": {"handle": "alex"}}, "shelves": shelves}})
    assert lines(served.triples) - {"u1 uS s2"} == U1 | {"u1 uS s1"} | S1 | {
        "s1 sB b1",
        "b1 bI b1",
        "b1 bT T",
    }


async def test_witness_of_a_link_that_exists(ask: Ask) -> None:
    """R6: without it a browser shows nothing."""
    served = await ask(world(), users(where={"shelves": {"$isNull": False}}))
    assert lines(served.triples) & {"u1 uS s1", "u1 uS s2"}


async def test_page_info_of_the_example(ask: Ask) -> None:
    served = await ask(world(), users(limit=1, order={"handle": "desc"}))
    cursor = ["u2", "uH", "joe", T + 1]
    assert json.loads(named_json(served.page_info)) == {
        "users": {
            "start-cursor": cursor,
            "end-cursor": cursor,
            "has-next-page?": True,
            "has-previous-page?": False,
        }
    }


async def test_count_of_the_example(ask: Ask) -> None:
    served = await ask(world(), users(aggregate="count"))
    assert served.aggregate == {"users": {"count": 2}}
