"""Every operator of instaql.md §2.2 on attrs of every state, with null and with missing values.

`a` and `b` have a value of each attr, `n` has null, `m` has nothing, `c` only a text. Expected are
names; besides, every answer is compared with the naive evaluator and the client (see `ask`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.world import World, WorldBuilder

pytestmark = pytest.mark.asyncio

IDS: Final = {
    name: f"{first}000000-0000-4000-8000-000000000000"
    for name, first in (("a", "00"), ("b", "7f"), ("c", "80"), ("m", "f0"), ("n", "ff"))
}
"""In the order of their bytes, on both sides of every sign bit."""

VALUES: Final[dict[str, tuple[Any, Any]]] = {
    "plain": (1, "1"),
    "indexed": (1, "1"),
    "unique": ("A", "B"),
    "or": (1, 2),
    "note": ("x", "y"),
    "amount": (1, 2.5),
    "text": ("apple", "Banana\nsplit"),
    "size": (1, 2.5),
    "done": (False, True),
    "at": ("2025-01-01", "2025-01-02T00:00:00Z"),
    "day": ("2025-01-01", "2025-01-02T00:00:00Z"),
}
"""Each attr's value of `a` and of `b`."""

TEXT_OF_C: Final = "Äpfel 100%\\x"


@cache
def world() -> World:
    """Things with attrs that are untyped or typed, indexed or not."""
    builder = WorldBuilder()
    builder.blob("things", "name")
    builder.blob("things", "plain")
    builder.blob("things", "indexed", indexed=True)
    builder.blob("things", "unique", indexed=True, unique=True)
    builder.blob("things", "or")
    builder.blob("things", "note", "string")
    builder.blob("things", "amount", "number")
    builder.blob("things", "text", "string", indexed=True)
    builder.blob("things", "size", "number", indexed=True)
    builder.blob("things", "done", "boolean", indexed=True)
    builder.blob("things", "at", "date", indexed=True)
    builder.blob("things", "day", "date")
    for place, name in enumerate(("a", "b")):
        values = {label: both[place] for label, both in VALUES.items()}
        builder.entity("things", IDS[name], 1, name=name, **values)
    builder.entity("things", IDS["c"], 2, name="c", text=TEXT_OF_C)
    builder.entity("things", IDS["m"], 2, name="m")
    builder.entity("things", IDS["n"], 1, name="n", **dict.fromkeys(VALUES))
    return builder.build()


async def names(ask: Ask, **options: Any) -> list[str]:
    """The names of the things that are found, in their order."""
    served = await ask(world(), {"things": {"$": options}})
    return [thing["name"] for thing in served.tree["things"]]


@pytest.mark.parametrize("label", VALUES)
@pytest.mark.parametrize(
    ("operator", "found"),
    [
        pytest.param("=", "a", id="="),
        pytest.param("$in", "a", id="$in"),
        pytest.param("in", "a", id="in"),
        pytest.param("$not", "bcmn", id="$not takes null and missing"),
        pytest.param("$ne", "bcmn", id="$ne takes null and missing"),
    ],
)
async def test_equality_is_there_for_attrs_of_every_state(
    ask: Ask, label: str, operator: str, found: str
) -> None:
    value = VALUES[label][0]
    test: Any = {operator: [value] if operator in ("$in", "in") else value}
    where = {label: value if operator == "=" else test}
    expected = found.replace("c", "") if label == "text" and operator == "=" else found
    assert sorted(await names(ask, where=where)) == list(expected)


@pytest.mark.parametrize("label", VALUES)
async def test_null_and_missing_are_both_null(ask: Ask, label: str) -> None:
    absent = "mn" if label == "text" else "cmn"
    present = "abc" if label == "text" else "ab"
    assert sorted(await names(ask, where={label: {"$isNull": True}})) == list(absent)
    assert sorted(await names(ask, where={label: {"$isNull": False}})) == list(present)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        *(
            pytest.param({label: test}, found, id=f"{label}: {test!r}")
            for label in ("plain", "indexed")
            for test, found in (
                (1.0, "a"),
                ("1", "b"),
                (True, ""),
                ({"$in": [1, "1"]}, "ab"),
                ({"$in": [True, "x"]}, ""),
                ({"$not": "1"}, "acmn"),
            )
        ),
        *(
            pytest.param({label: {"$in": [None]}}, "n", id=f"null in $in of {label}")
            for label in ("indexed", "unique", "text", "size", "done", "at")
        ),
        pytest.param({"size": {"$in": [None, 1]}}, "an", id="null and a value in $in"),
        pytest.param({"or": 1}, "a", id="or with a scalar is an attr"),
        pytest.param({"or": {"$in": [2]}}, "b", id="or with an object is an attr"),
        pytest.param({"and": 1}, "", id="and with a scalar is an attr, which is unknown"),
        pytest.param({"or": [{"or": 1}, {"size": 2.5}]}, "ab", id="or among or's elements"),
        pytest.param(
            {"or": [{"size": 1}, {"size": {"$isNull": True}}]}, "acmn", id="or of value and null"
        ),
        pytest.param({"or": [{"size": 1}, {"size": 2.5}, {"size": 3}]}, "ab", id="or on one key"),
        pytest.param({"amount": 2.5}, "b", id="typed, not indexed"),
        pytest.param({"size": 1.0}, "a", id="double precision"),
        pytest.param({"size": {"$gt": 1}}, "b", id="number $gt"),
        pytest.param({"size": {"$gte": 1}}, "ab", id="number $gte"),
        pytest.param({"size": {"$lt": 2.5}}, "a", id="number $lt is never null"),
        pytest.param({"size": {"$lte": 2.5}}, "ab", id="number $lte is never null"),
        pytest.param({"size": {"$gte": 1, "$lt": 2}}, "a", id="two operators"),
        pytest.param({"size": {"$gt": -1e300, "$lt": 1e300}}, "ab", id="huge numbers"),
        pytest.param({"done": {"$gt": False}}, "b", id="boolean $gt"),
        pytest.param({"done": {"$gte": False}}, "ab", id="boolean $gte"),
        pytest.param({"done": {"$lt": True}}, "a", id="boolean $lt"),
        pytest.param({"done": {"$lte": True}}, "ab", id="boolean $lte"),
        pytest.param({"at": "2025-01-02"}, "b", id="other spelling of one instant"),
        pytest.param({"at": {"$in": [1735689600000]}}, "a", id="date $in a number"),
        pytest.param({"at": {"$not": 1735689600000}}, "bcmn", id="date $not a number"),
        pytest.param({"at": {"$gt": "2025-01-01T00:00:00Z"}}, "b", id="date $gt"),
        pytest.param({"at": {"$gte": "1/1/2025"}}, "ab", id="date $gte"),
        pytest.param({"at": {"$lt": "2025-01-02 00:00:00"}}, "a", id="date $lt"),
        pytest.param({"at": {"$lte": "2025-01-02"}}, "ab", id="date $lte"),
        pytest.param({"day": "2025-01-02"}, "", id="date not indexed, other spelling"),
        pytest.param({"text": {"$gt": "apple"}}, "b", id="string $gt"),
        pytest.param({"text": {"$gte": "apple"}}, "ab", id="string $gte"),
        pytest.param({"text": {"$lt": "b"}}, "ac", id="string $lt is never null"),
        pytest.param({"text": {"$lte": "apple"}}, "ac", id="string $lte is never null"),
    ],
)
async def test_comparison_of_values(ask: Ask, where: dict[str, Any], found: str) -> None:
    assert sorted(await names(ask, where=where)) == list(found)


@pytest.mark.parametrize(
    ("operator", "pattern", "found"),
    [
        pytest.param("$like", "apple", "a", id="no wildcard"),
        pytest.param("$like", "appl", "", id="anchored at the end"),
        pytest.param("$like", "pple", "", id="anchored at the start"),
        pytest.param("$like", "a%", "a", id="start"),
        pytest.param("$like", "%split", "b", id="end"),
        pytest.param("$like", "%an%", "b", id="middle"),
        pytest.param("$like", "%", "abc", id="anything but null"),
        pytest.param("$like", "", "", id="empty"),
        pytest.param("$like", "_____", "a", id="five characters"),
        pytest.param("$like", "Banana_split", "b", id="_ is a newline too"),
        pytest.param("$like", "Ban%lit", "b", id="% takes newlines"),
        pytest.param("$like", "%\\x", "c", id="backslash is a character"),
        pytest.param("$like", "%\\_", "c", id="backslash does not escape _"),
        pytest.param("$like", "%100\\%", "", id="backslash does not escape %"),
        pytest.param("$like", "_pfel%", "c", id="_ is one character beyond ASCII"),
        pytest.param("$like", "äpfel%", "", id="$like knows case"),
        pytest.param("$ilike", "äPFEL%", "c", id="$ilike folds beyond ASCII"),
        pytest.param("$ilike", "BANANA_SPLIT", "b", id="$ilike with a newline"),
        pytest.param("$ilike", "APPL", "", id="$ilike is anchored"),
    ],
)
async def test_patterns(ask: Ask, operator: str, pattern: str, found: str) -> None:
    assert sorted(await names(ask, where={"text": {operator: pattern}})) == list(found)


ORDERS: Final = [
    pytest.param("serverCreatedAt", "abncm", id="time"),
    pytest.param("size", "cmnab", id="number"),
    pytest.param("done", "cmnab", id="boolean"),
    pytest.param("at", "cmnab", id="date"),
    pytest.param("text", "mncab", id="string"),
]
"""What is ascending; null and missing come first, ties go by id."""


@pytest.mark.parametrize(("label", "ascending"), ORDERS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_order(ask: Ask, label: str, ascending: str, direction: str) -> None:
    expected = ascending if direction == "asc" else ascending[::-1]
    assert "".join(await names(ask, order={label: direction})) == expected


@pytest.mark.parametrize(("label", "ascending"), ORDERS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_pages_join_in_both_directions(
    ask: Ask, label: str, ascending: str, direction: str
) -> None:
    """Cursors on null and missing values included."""
    expected = ascending if direction == "asc" else ascending[::-1]
    order = {label: direction}
    forth = await _walked(ask, {"order": order, "first": 2}, "after", "end-cursor")
    back = await _walked(ask, {"order": order, "last": 2}, "before", "start-cursor")
    assert "".join(forth) == expected
    assert "".join(back) == expected[::-1]


async def _walked(ask: Ask, options: dict[str, Any], cursor: str, end: str) -> list[str]:
    flag = "has-next-page?" if cursor == "after" else "has-previous-page?"
    found: list[str] = []
    while True:
        served = await ask(world(), {"things": {"$": options}})
        page = [thing["name"] for thing in served.tree["things"]]
        found += page if cursor == "after" else page[::-1]
        info = served.page_info["things"]
        if not info[flag]:
            return found
        options = {**options, cursor: info[end]}


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param(lambda size: [IDS["a"], size, 1, 0], id="time is not compared"),
        pytest.param(lambda size: [IDS["a"], size, 1], id="three items"),
        pytest.param(lambda size: [IDS["a"], size, 1.0, 5], id="the same number"),
        pytest.param(lambda size: [IDS["a"].upper(), size.upper(), 1, 5], id="upper case"),
        pytest.param(lambda size: [IDS["a"], size, 2, 5], id="value that no row has"),
    ],
)
async def test_cursor_of_a_typed_order_is_a_value_and_an_id(ask: Ask, cursor: Any) -> None:
    size = world().catalog.forward("things", "size")
    assert size is not None
    assert await names(ask, order={"size": "asc"}, after=cursor(size.id)) == ["b"]


async def test_options_that_are_null_are_absent(ask: Ask) -> None:
    options = ("limit", "first", "last", "offset", "before", "after", "aggregate", "fields")
    served = await ask(world(), {"things": {"$": dict.fromkeys(options)}})
    assert len(served.tree["things"]) == 5
    assert served.page_info == {}


async def test_order_of_no_key_is_none(ask: Ask) -> None:
    served = await ask(world(), {"things": {"$": {"order": {}}}})
    assert [thing["name"] for thing in served.tree["things"]] == list("abncm")
    assert served.page_info == {}


@pytest.mark.parametrize(
    ("options", "label"),
    [
        pytest.param({"where": {"plain": 1}}, "plain", id="where"),
        pytest.param({"order": {"size": "asc"}}, "size", id="order"),
    ],
)
async def test_triples_of_where_and_order_are_sent_beside_the_fields(
    ask: Ask, options: dict[str, Any], label: str
) -> None:
    served = await ask(world(), {"things": {"$": {**options, "fields": ["name"]}}})
    attr = world().catalog.forward("things", label)
    assert attr is not None
    assert all(set(thing) == {"id", "name"} for thing in served.tree["things"])
    assert [IDS["a"], attr.id, 1, 1] in served.triples
