"""One small world of teams and todos, which rules guard in every test differently."""

from __future__ import annotations

import pytest_asyncio

from tests.database.permissions.guarded import Guarded, teams_and_todos
from tests.oracle.storing import store_world
from triples.attrs.store import load_catalog
from triples.sql.pool import Connection


@pytest_asyncio.fixture
async def guarded(conn: Connection) -> Guarded:
    """The stored world, ready to be asked about."""
    world, names = teams_and_todos()
    await store_world(conn, world)
    return Guarded(conn, await load_catalog(conn, world.app_id), names)
