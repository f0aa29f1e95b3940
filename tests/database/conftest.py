"""The migrated test database, as the server reaches it.

Tests commit, and each makes an app of its own: nothing is cleaned up between them, and nothing
of one test can show in another unless tenants meet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.database.stored import Storage
from triples import tenants
from triples.management.database import connect, conninfo
from triples.sql import pool
from triples.sql.pool import Connection


@pytest_asyncio.fixture
async def conn(django_db_setup: None) -> AsyncIterator[Connection]:
    """A connection in autocommit."""
    async with connect() as connection:
        yield connection


@pytest_asyncio.fixture
async def open_pool(django_db_setup: None) -> AsyncIterator[None]:
    """The process's pool, for code that borrows from it."""
    await pool.open_pool(conninfo(), max_size=4)
    yield
    await pool.close_pool()


@pytest_asyncio.fixture
async def app(conn: Connection) -> tenants.App:
    """A new, empty app."""
    return (await tenants.create_app(conn, "test app")).app


@pytest_asyncio.fixture
async def storage(conn: Connection, app: tenants.App) -> Storage:
    """Raw access to the rows of the new app."""
    return Storage(conn, app.id)
