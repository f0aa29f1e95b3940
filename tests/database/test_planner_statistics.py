"""A table that has grown is analyzed, once, and plans that were made before are made anew."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from triples.management.database import connect
from triples.planner_statistics import analyze_grown_tables
from triples.sql.pool import Connection

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

GROW = "insert into grown_here select n, n % 10 from generate_series(1, 20000) n"
KNOWN_ROWS = "select reltuples::int from pg_class where oid = 'grown_here'::regclass"


@pytest_asyncio.fixture
async def table(conn: Connection) -> AsyncIterator[None]:
    """An empty table in a schema of its own, which the connection looks at."""
    await conn.execute("create schema statistics_test")
    await conn.execute("set search_path = statistics_test")
    await conn.execute("create table grown_here (id int, kind int) with (autovacuum_enabled = off)")
    yield
    await conn.execute("drop schema statistics_test cascade")


async def test_table_that_has_grown_is_analyzed_once(conn: Connection, table: None) -> None:
    assert await analyze_grown_tables(conn) == 0
    await conn.execute(GROW)
    assert await analyze_grown_tables(conn) == 1
    assert await _known_rows(conn) == 20_000
    assert await analyze_grown_tables(conn) == 0


async def test_table_that_has_not_doubled_is_left_alone(conn: Connection, table: None) -> None:
    await conn.execute(GROW)
    await analyze_grown_tables(conn)
    await conn.execute(GROW)
    assert await analyze_grown_tables(conn) == 0
    await conn.execute(GROW)
    assert await analyze_grown_tables(conn) == 1


async def test_table_that_somebody_holds_is_left_for_later(conn: Connection, table: None) -> None:
    await conn.execute(GROW)
    async with connect() as holder, holder.transaction():
        await holder.execute("lock table statistics_test.grown_here in share update exclusive mode")
        assert await analyze_grown_tables(conn) == 0
    assert await analyze_grown_tables(conn) == 1


async def _known_rows(conn: Connection) -> int:
    row = await (await conn.execute(KNOWN_ROWS)).fetchone()
    assert row is not None
    return int(row[0])
