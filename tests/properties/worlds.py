"""Random small apps: a schema of every kind of attr, and entities with ties, nulls and gaps.

Values come from small pools, so that queries hit them; pools hold what is easily confused: 1 and
1.0, "1" and 1, one instant in several spellings, letters that collate otherwise than by code.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from tests.oracle.world import World, WorldBuilder
from triples.attrs.attr import Attr
from wire import json

ETYPES: Final = ("people", "posts", "tags")
STRINGS: Final = ("", "a", "A", "ab", "a b", "B", "é", "É", "z", "10", "2", "a%b", "a_b", "a\nb")
NUMBERS: Final = (-1.5, -1, 0, 1, 1.0, 2, 10, 1e20)
BOOLEANS: Final = (False, True)
DATES: Final = (
    0,
    1735689600000,
    "2025-01-01",
    "2025-01-01T00:00:00Z",
    "2025-01-01T01:00:00+01:00",
    "2024-12-31T23:59:59.999Z",
    "2025-06-05T12:00:00Z",
    1749124800000,
)
OTHERS: Final[tuple[Any, ...]] = ([], [1], {}, {"a": 1})
POOLS: Final[dict[str, tuple[Any, ...]]] = {
    "string": STRINGS,
    "number": NUMBERS,
    "boolean": BOOLEANS,
    "date": DATES,
}
SCALARS: Final = (*STRINGS[:6], *NUMBERS[:6], *BOOLEANS)

Draw = Callable[[st.SearchStrategy[Any]], Any]


def one_in(draw: Draw, chances: int) -> bool:
    """Something rare; examples shrink towards not having it."""
    return bool(draw(st.integers(1, chances)) == chances)


@st.composite
def worlds(draw: Draw) -> World:
    """An app with three etypes, their properties, two to four links, and up to 18 entities."""
    builder = WorldBuilder()
    for etype in ETYPES:
        builder.blob(etype, "id", unique=True, indexed=draw(st.booleans()))
    for etype in ETYPES:
        for label in ("a", "b", "c")[: draw(st.integers(1, 3))]:
            _property(draw, builder, etype, label)
    for number in range(draw(st.integers(2, 4))):
        _link(draw, builder, number)
    ids = Random(draw(st.integers(0, 2**32)))
    entities = {etype: [_uuid(ids) for _ in range(draw(st.integers(1, 6)))] for etype in ETYPES}
    _members(draw, builder, entities)
    for attr in builder.attrs.values():
        if attr.label != "id":
            _values(draw, builder, attr, entities)
    if not one_in(draw, 4):  # rows written behind the server's back lack their nulls
        builder.fill_nulls()
    return builder.build()


def _property(draw: Draw, builder: WorldBuilder, etype: str, label: str) -> None:
    checked = draw(st.sampled_from([None, "string", "number", "boolean", "date"]))
    unique = one_in(draw, 6) and checked != "boolean"
    indexed = draw(st.booleans())
    builder.blob(etype, label, checked, indexed=indexed, unique=unique)


def _link(draw: Draw, builder: WorldBuilder, number: int) -> None:
    etype, target = draw(st.sampled_from(ETYPES)), draw(st.sampled_from(ETYPES))
    builder.link(
        etype,
        f"l{number}",
        target,
        f"r{number}",
        cardinality=draw(st.sampled_from(["one", "many"])),
        unique=one_in(draw, 4),
    )


def _members(draw: Draw, builder: WorldBuilder, entities: dict[str, list[str]]) -> None:
    """Id triples with few different times; now and then one entity is in two etypes."""
    for etype, ids in entities.items():
        for entity in ids:
            builder.entity(etype, entity, draw(st.integers(1, 4)))
    if one_in(draw, 4):
        shared = entities["people"][0]
        entities["posts"].append(shared)
        builder.entity("posts", shared, draw(st.integers(1, 4)))


def _values(draw: Draw, builder: WorldBuilder, attr: Attr, entities: dict[str, list[str]]) -> None:
    taken: set[bytes] = set()
    for entity in entities[attr.etype]:
        for value in _chosen(draw, attr, entities):
            key = json.canonical(value)
            if attr.is_unique and value is not None and key in taken:
                continue
            taken.add(key)
            builder.add(entity, attr, value, draw(st.integers(1, 4)))


def _chosen(draw: Draw, attr: Attr, entities: dict[str, list[str]]) -> list[Any]:
    if attr.is_ref:
        nowhere = str(uuid.UUID(int=7, version=4))
        targets = st.sampled_from([*entities[attr.reverse_etype or ""], nowhere])
        return list(draw(st.lists(targets, max_size=1 if attr.cardinality_one else 3)))
    choice = draw(st.integers(0, 9))
    if choice < 2:
        return []
    if choice == 2:
        return [None]
    return [draw(st.sampled_from(POOLS.get(attr.checked_data_type or "", SCALARS + OTHERS)))]


def _uuid(ids: Random) -> str:
    return str(uuid.UUID(int=ids.getrandbits(128), version=4))
