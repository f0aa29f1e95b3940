"""Links with many ends, links within one namespace, and untyped values (instaql.md §2.2)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.samples import movies
from tests.oracle.world import World

pytestmark = pytest.mark.asyncio


@cache
def world() -> World:
    """The movie data; nothing is indexed or typed."""
    return movies()


def titles(nodes: list[dict[str, Any]]) -> set[str]:
    """The titles of some movies."""
    return {node["title"] for node in nodes}


ALIEN_MAKERS = {"Aliens"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(
            {"year": 1987}, {"Predator", "Lethal Weapon", "RoboCop"}, id="number as written"
        ),
        pytest.param({"year": "1987"}, set(), id="text is no number"),
        pytest.param({"year": True}, set(), id="true is no number"),
        pytest.param({"year": 1987.0}, {"Predator", "Lethal Weapon", "RoboCop"}, id="1987.0"),
        pytest.param({"title": "Predator", "year": 1987}, {"Predator"}, id="two values"),
        pytest.param(
            {"director.name": "James Cameron", "cast.name": "Arnold Schwarzenegger"},
            set(),
            id="two links to one namespace mean one person",
        ),
        pytest.param(
            {"and": [{"director.name": "James Cameron"}, {"cast.name": "Arnold Schwarzenegger"}]},
            {"The Terminator", "Terminator 2: Judgment Day"},
            id="elements of and have people of their own",
        ),
        pytest.param(
            {"director.name": "Mel Gibson", "cast.name": "Mel Gibson"},
            {"Braveheart"},
            id="one person in both roles",
        ),
        pytest.param(
            {"and": [{"and": [{"director.name": "Mel Gibson"}]}], "cast.name": "Mel Gibson"},
            {"Braveheart"},
            id="groups of one share",
        ),
        pytest.param(
            {"prequel.title": "Alien"}, ALIEN_MAKERS, id="reverse link within a namespace"
        ),
        pytest.param(
            {"sequel.sequel.title": "Terminator 3: Rise of the Machines"},
            {"The Terminator"},
            id="the same link twice",
        ),
    ],
)
async def test_where(ask: Ask, where: dict[str, Any], expected: set[str]) -> None:
    served = await ask(world(), {"movie": {"$": {"where": where}}})
    assert titles(served.tree["movie"]) == expected


@pytest.mark.parametrize(
    ("where", "count"),
    [
        pytest.param({"death": {"$isNull": False}}, 5, id="five have died"),
        pytest.param({"death": {"$isNull": True}}, 45, id="the others are missing the value"),
        pytest.param({"born": {"$isNull": True}}, 4, id="unknown birth"),
        pytest.param({"name": {"$not": "James Cameron"}}, 49, id="$not"),
        pytest.param({"death": {"$not": "1994-01-01"}}, 50, id="$not takes the missing too"),
        pytest.param({"directed": {"$isNull": True}}, 36, id="never directed, by reverse link"),
        pytest.param({"directed": {"$isNull": False}}, 14, id="directed"),
        pytest.param({"castIn.sequel": {"$isNull": False}}, 22, id="was in one that has a sequel"),
    ],
)
async def test_null_and_missing(ask: Ask, where: dict[str, Any], count: int) -> None:
    served = await ask(world(), {"person": {"$": {"where": where}}})
    assert len(served.tree["person"]) == count


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"movie": {"director": {}, "cast": {"directed": {}}}}, id="three levels"),
        pytest.param({"movie": {"sequel": {"sequel": {"sequel": {}}}}}, id="one link deeper"),
        pytest.param({"movie": {"sequel": {"prequel": {}}}}, id="there and back"),
        pytest.param({"person": {"directed": {"director": {}}, "castIn": {}}}, id="reverse"),
        pytest.param(
            {"movie": {"$": {"limit": 3, "offset": 2}, "cast": {"$": {"limit": 2}}}}, id="pages"
        ),
        pytest.param(
            {"movie": {"$": {"where": {"trivia": {"$isNull": False}}}, "cast": {}}}, id="trivia"
        ),
        pytest.param(
            {"person": {"castIn": {"$": {"where": {"director.name": "James Cameron"}}}}},
            id="child with a path of its own",
        ),
        pytest.param({"movie": {}, "person": {}}, id="everything"),
        pytest.param({"movie": {"cast": {"$": {"order": {"name": "desc"}}}}}, id="child order"),
    ],
)
async def test_nested(ask: Ask, query: dict[str, Any]) -> None:
    served = await ask(world(), query)
    assert any(served.tree.values())
