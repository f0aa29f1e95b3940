"""Conditions and children over links of every shape, from both ends (instaql.md §1.1, §2.2, §3.3).

Three lefts and three rights; `l3` and `r3` are linked to nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.judge import ADMIN
from tests.oracle.world import World, WorldBuilder
from triples.attrs.store import load_catalog
from triples.instaql.tree import query_tree, with_single_links
from triples.sql.pool import Connection

pytestmark = pytest.mark.asyncio

IDS: Final = {
    f"{side}{number}": f"0000000{number}-0000-4000-8000-00000000000{digit}"
    for digit, side in (("a", "l"), ("b", "r"))
    for number in (1, 2, 3)
}


@cache
def world() -> World:
    """Each link label says how many the forward and the reverse side have."""
    builder = WorldBuilder()
    builder.blob("lefts", "name")
    builder.blob("rights", "name")
    builder.link("lefts", "oneOfMany", "rights", "manyToOne", cardinality="one")
    builder.link("lefts", "oneOfOne", "rights", "oneToOne", cardinality="one", unique=True)
    builder.link("lefts", "manyOfOne", "rights", "oneToMany", unique=True)
    builder.link("lefts", "manyOfMany", "rights", "manyToMany")
    for number in (1, 2, 3):
        builder.entity("rights", IDS[f"r{number}"], 1, name=f"r{number}")
    r1, r2 = IDS["r1"], IDS["r2"]
    l1 = {"oneOfMany": r1, "oneOfOne": r1, "manyOfOne": [r1, r2], "manyOfMany": [r1, r2]}
    builder.entity("lefts", IDS["l1"], 1, name="l1", **l1)
    l2 = {"oneOfMany": r1, "oneOfOne": r2, "manyOfMany": [r1]}
    builder.entity("lefts", IDS["l2"], 1, name="l2", **l2)
    builder.entity("lefts", IDS["l3"], 1, name="l3")
    return builder.build()


# label, then the numbers of the rows that are: = 1 · $in [2] · $not 1 · $isNull · not $isNull
ROWS: Final = [
    ("lefts", "oneOfMany", "12", "", "3", "3", "12"),
    ("lefts", "oneOfOne", "1", "2", "23", "3", "12"),
    ("lefts", "manyOfOne", "1", "1", "123", "23", "1"),
    ("lefts", "manyOfMany", "12", "1", "13", "3", "12"),
    ("rights", "manyToOne", "1", "1", "123", "23", "1"),
    ("rights", "oneToOne", "1", "2", "23", "3", "12"),
    ("rights", "oneToMany", "12", "", "3", "3", "12"),
    ("rights", "manyToMany", "12", "1", "13", "3", "12"),
]


@pytest.mark.parametrize(
    ("etype", "label", "equal", "among", "differs", "absent", "present"),
    ROWS,
    ids=[row[1] for row in ROWS],
)
@pytest.mark.parametrize("end", ["link", "id", "name"])
async def test_condition(
    ask: Ask,
    etype: str,
    label: str,
    end: str,
    equal: str,
    among: str,
    differs: str,
    absent: str,
    present: str,
) -> None:
    far = "r" if etype == "lefts" else "l"
    key = label if end == "link" else f"{label}.{end}"
    first, second = (f"{far}{n}" if end == "name" else IDS[f"{far}{n}"] for n in (1, 2))
    for test, expected in (
        (first, equal),
        ({"$in": [second]}, among),
        ({"$not": first}, differs),
        ({"$isNull": True}, absent),
        ({"$isNull": False}, present),
    ):
        served = await ask(world(), {etype: {"$": {"where": {key: test}}}})
        found = "".join(row["name"][1] for row in served.tree[etype])
        assert found == expected, test


@pytest.mark.parametrize(
    ("etype", "label", "children"),
    [
        pytest.param("lefts", "oneOfMany", ["r1", "r1", None], id="one of many"),
        pytest.param("lefts", "oneOfOne", ["r1", "r2", None], id="one of one"),
        pytest.param("lefts", "manyOfOne", [["r1", "r2"], [], []], id="many of one"),
        pytest.param("lefts", "manyOfMany", [["r1", "r2"], ["r1"], []], id="many of many"),
        pytest.param("rights", "manyToOne", [["l1", "l2"], [], []], id="many to one"),
        pytest.param("rights", "oneToOne", ["l1", "l2", None], id="one to one"),
        pytest.param("rights", "oneToMany", ["l1", "l1", None], id="one to many"),
        pytest.param("rights", "manyToMany", [["l1", "l2"], ["l1"], []], id="many to many"),
    ],
)
async def test_children_are_lists_unless_links_with_one_end_are_inferred(
    ask: Ask, conn: Connection, etype: str, label: str, children: list[Any]
) -> None:
    query: dict[str, Any] = {etype: {label: {"$": {"fields": ["name"]}}}}
    served = await ask(world(), query)
    catalog = await load_catalog(conn, world().app_id)
    inferred = with_single_links(catalog, query, await query_tree(conn, query, catalog, ADMIN))
    assert [_names(row[label]) for row in inferred[etype]] == children
    lists = [each if isinstance(each, list) else [each] if each else [] for each in children]
    assert [_names(row[label]) for row in served.tree[etype]] == lists


def _names(children: Any) -> Any:
    if isinstance(children, list):
        return [child["name"] for child in children]
    return children and children["name"]


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        pytest.param(["oneOfMany"], {"id", "oneOfMany"}, id="link with one end"),
        pytest.param(["oneOfOne", "name"], {"id", "oneOfOne", "name"}, id="and a property"),
        pytest.param(["manyOfMany", "manyOfOne"], {"id"}, id="links with many ends"),
        pytest.param(["oneToOne"], {"id"}, id="label of the other side"),
        pytest.param([1, None, {}, "name"], {"id", "name"}, id="no text"),
    ],
)
async def test_fields(ask: Ask, fields: list[Any], labels: set[str]) -> None:
    options = {"where": {"name": "l1"}, "fields": fields}
    served = await ask(world(), {"lefts": {"$": options}})
    (left,) = served.tree["lefts"]
    assert set(left) == labels


async def test_link_with_one_end_is_an_id_until_it_is_expanded(ask: Ask) -> None:
    one = {"where": {"name": "l1"}}
    (bare,) = (await ask(world(), {"lefts": {"$": one}})).tree["lefts"]
    (full,) = (await ask(world(), {"lefts": {"$": one, "oneOfMany": {}}})).tree["lefts"]
    assert (bare["oneOfMany"], bare["oneOfOne"]) == (IDS["r1"], IDS["r1"])
    assert full["oneOfMany"] == [{"id": IDS["r1"], "name": "r1"}]
    assert full["oneOfOne"] == IDS["r1"]
