"""`$entityIdStartsWith` (instaql.md §2.2), which dashboards send and the published client ignores.

The naive evaluator and the client have no such label, so rows are named here.
"""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.oracle.judge import ADMIN, serve
from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.attrs.store import load_catalog
from triples.instaql.answer import prepare_query
from triples.instaql.reads import Anything, ConditionRead
from triples.sql.pool import Connection
from wire.errors import ValidationFailed

pytestmark = pytest.mark.asyncio

FIRST = "00000000-0000-4000-8000-00000000000a"
ABBA = "abba0000-0000-4000-8000-00000000000b"
ABBA_TOO = "abba0000-1000-4000-8000-00000000000c"
LAST = "ffffffff-ffff-4fff-bfff-ffffffffffff"


def _world() -> World:
    builder = WorldBuilder()
    builder.blob("songs", "title")
    builder.link("singers", "songs", "songs", "singers")
    for number, song in enumerate((FIRST, ABBA, ABBA_TOO, LAST)):
        builder.entity("songs", song, number, title=song)
    builder.entity("singers", LAST, 9, songs=[ABBA])
    return builder.build()


@pytest_asyncio.fixture
async def stored(conn: Connection) -> World:
    world = _world()
    await store_world(conn, world)
    return world


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        pytest.param("abba", [ABBA, ABBA_TOO], id="some"),
        pytest.param("ABBA", [ABBA, ABBA_TOO], id="upper case"),
        pytest.param("abba0000-1", [ABBA_TOO], id="beyond a hyphen"),
        pytest.param("abba00001", [ABBA_TOO], id="without the hyphen"),
        pytest.param(ABBA, [ABBA], id="a whole id"),
        pytest.param("f", [LAST], id="the last of all"),
        pytest.param("", [FIRST, ABBA, ABBA_TOO, LAST], id="nothing"),
        pytest.param("abba1", [], id="no id"),
        pytest.param("song", [], id="no hex digits"),
        pytest.param(ABBA + "0", [], id="too long"),
    ],
)
async def test_rows_are_found_by_the_first_digits_of_their_ids(
    conn: Connection, stored: World, prefix: str, expected: list[str]
) -> None:
    query = {"songs": {"$": {"where": {"$entityIdStartsWith": prefix}}}}

    served = await serve(conn, stored, query)

    assert [row["id"] for row in served.tree["songs"]] == expected
    assert {triple[0] for triple in served.triples} == set(expected)


async def test_linked_rows_are_found_by_the_first_digits_of_their_ids(
    conn: Connection, stored: World
) -> None:
    query = {"singers": {"$": {"where": {"songs.$entityIdStartsWith": "abba"}}}}

    served = await serve(conn, stored, query)

    assert [row["id"] for row in served.tree["singers"]] == [LAST]
    assert {triple[2] for triple in served.triples if triple[0] == LAST} == {LAST, ABBA}


async def test_every_new_row_may_change_the_answer(conn: Connection, stored: World) -> None:
    catalog = await load_catalog(conn, stored.app_id)
    id_attr = catalog.id_attr("songs")
    assert id_attr is not None
    query = {"songs": {"$": {"where": {"$entityIdStartsWith": "abba"}}}}

    reads = prepare_query(query, catalog, ADMIN).reads

    assert ConditionRead(id_attr.id, Anything()) in reads


@pytest.mark.parametrize("prefix", [1, True, {"$in": ["abba"]}, {"$isNull": True}])
async def test_prefix_is_a_string(conn: Connection, stored: World, prefix: Any) -> None:
    query = {"songs": {"$": {"where": {"$entityIdStartsWith": prefix}}}}

    with pytest.raises(ValidationFailed):
        await serve(conn, stored, query)
