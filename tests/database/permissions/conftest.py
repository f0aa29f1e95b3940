"""One small world of teams and todos, which rules guard in every test differently."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.database.permissions.guarded import Guarded, teams_and_todos
from tests.oracle.storing import store_world
from triples.attrs.store import load_catalog
from triples.sql.pool import Connection


@pytest_asyncio.fixture(params=[False, True], ids=["SQL", "Python"])
async def guarded(conn: Connection, request: pytest.FixtureRequest) -> Guarded:
    """The stored world, ready to be asked about; rules are decided by SQL, and then by Python.

    Nothing changes it but its rules, so that one is enough for all tests of a worker.
    """
    world, names = teams_and_todos()
    cursor = await conn.execute("select from apps where id = %s::uuid", (world.app_id,))
    if await cursor.fetchone() is None:
        await store_world(conn, world)
    return Guarded(conn, await load_catalog(conn, world.app_id), names, request.param)
