"""Apps that were joined while something ran are settled, whatever the database does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import psycopg_pool
import pytest
import pytest_asyncio

from realtime.subscriptions.settling import Settling
from triples.management.database import conninfo
from triples.sql import pool
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

CONNECTIONS: Final = 2
LIMIT_SECONDS: Final = 20.0


@pytest_asyncio.fixture
async def impatient_pool(
    django_db_setup: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A pool that refuses at once whoever would have to wait for a connection."""
    monkeypatch.setattr(pool, "CHECKOUT_SECONDS", 0.05)
    await pool.open_pool(conninfo(), max_size=CONNECTIONS)
    yield
    await pool.close_pool()


class Settled:
    """The apps that were settled; `any` of them."""

    def __init__(self) -> None:
        self.apps: list[str] = []
        self.any = asyncio.Event()

    def __call__(self, app_id: str) -> None:
        self.apps.append(app_id)
        self.any.set()


async def _take_all(connections: AsyncExitStack) -> None:
    for _ in range(CONNECTIONS):
        await connections.enter_async_context(pool.connection())
    with pytest.raises(psycopg_pool.PoolTimeout):
        async with pool.connection():
            pass


@pytest.mark.usefixtures("impatient_pool")
@pytest.mark.parametrize("when", ["before", "after"])
async def test_app_is_settled_though_no_connection_was_free(conn: Connection, when: str) -> None:
    settled, app_id = Settled(), new_id()
    settling = Settling(settled)
    async with conn.transaction(), AsyncExitStack() as connections:
        await conn.execute("select pg_current_xact_id()")
        if when == "before":
            await _take_all(connections)
        await settling.begin(app_id)
        if when == "after":
            await _take_all(connections)
        async with asyncio.timeout(LIMIT_SECONDS):
            await settled.any.wait()
    assert settled.apps == [app_id]
    await settling.stop()
