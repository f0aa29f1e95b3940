"""One question, one statement: counted where every cursor runs its statements."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every statement that any asynchronous cursor ran, whatever its class."""
    seen: list[Any] = []
    execute = psycopg.AsyncCursor.execute

    async def remembered(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        seen.append(query)
        return await execute(cursor, query, *args, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", remembered)
    return seen


def _world() -> World:
    builder = WorldBuilder()
    builder.blob("users", "handle", "string", indexed=True)
    builder.blob("posts", "title")
    builder.link("users", "posts", "posts", "author")
    post = builder.entity("posts", new_id(), 1, title="t")
    builder.entity("users", new_id(), 1, handle="alex", posts=[post])
    return builder.build()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"users": {}}, id="flat"),
        pytest.param({"users": {"posts": {"author": {"posts": {}}}}}, id="nested"),
        pytest.param({"users": {}, "posts": {"author": {}}, "zippy": {}}, id="several"),
        pytest.param(
            {
                "users": {
                    "$": {
                        "where": {"or": [{"posts.title": "t"}, {"handle": {"$not": "x"}}]},
                        "order": {"handle": "desc"},
                        "limit": 1,
                        "offset": 0,
                    },
                    "posts": {"$": {"limit": 1}},
                }
            },
            id="everything",
        ),
        pytest.param({"users": {"$": {"aggregate": "count"}}}, id="count"),
        pytest.param({}, id="nothing"),
    ],
)
async def test_one_question_is_one_statement(
    conn: Connection, statements: list[Any], query: dict[str, Any]
) -> None:
    world = _world()
    await store_world(conn, world)
    catalog = await load_catalog(conn, world.app_id)
    prepared = prepare_query(query, catalog, Viewer(is_admin=True, user_id=None))
    statements.clear()
    await run_query(conn, prepared)
    assert len(statements) == 1
