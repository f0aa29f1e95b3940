"""What a change asks of the database is not given up because no connection is free for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import psycopg_pool
import pytest
import pytest_asyncio

from presence.memory import MemoryRooms
from realtime.bus.in_process import InProcessBus
from realtime.revocations import Revocations
from realtime.sessions import Session
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.subscriptions.settling import Settling
from tests.database.stored import Storage
from tests.database.test_sessions_of_apps import Nowhere
from tests.until import until
from triples import tenants
from triples.attrs.store import CatalogCache
from triples.management.database import conninfo
from triples.sql import pool
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

CONNECTIONS: Final = 2
LIMIT_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 0.001


@pytest_asyncio.fixture
async def impatient_pool(
    django_db_setup: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A pool that refuses at once whoever would have to wait for a connection."""
    monkeypatch.setattr(pool, "CHECKOUT_SECONDS", 0.05)
    await pool.open_pool(conninfo(), max_size=CONNECTIONS)
    yield
    await pool.close_pool()


@pytest_asyncio.fixture
async def hub(impatient_pool: None) -> AsyncIterator[QueryHub]:
    running = QueryHub(CatalogCache(), RecentChanges(), InProcessBus(), timeout_seconds=5)
    yield running
    await running.stop()


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


async def _take_nothing() -> None:
    """Wait for a connection in vain, behind whoever waits already."""
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
            await _take_nothing()
        async with asyncio.timeout(LIMIT_SECONDS):
            await settled.any.wait()
    assert settled.apps == [app_id]
    await settling.stop()


async def _entered(hub: QueryHub, app: tenants.App) -> Session:
    session = Session(Nowhere())
    state = hub.enter(session, app)
    await hub.joined(state)
    session.attrs_version = (await hub.catalog(state)).version
    return session


async def test_sign_in_that_is_gone_after_a_gap_is_taken_back(
    hub: QueryHub, app: tenants.App
) -> None:
    session = await _entered(hub, app)
    session.user, session.token_hash = {"id": new_id()}, "of no token"
    revocations = Revocations(hub, MemoryRooms("here"))
    async with AsyncExitStack() as connections:
        await _take_all(connections)
        revocations.on_app_gap(app.id)
        await _take_nothing()
    await until(lambda: session.user is None, pause_seconds=PAUSE_SECONDS)
    await revocations.stop()


async def test_changed_attrs_are_brought_to_sessions_without_queries(
    hub: QueryHub, app: tenants.App, storage: Storage
) -> None:
    session = await _entered(hub, app)
    await storage.insert_attr("todos", "title")
    async with AsyncExitStack() as connections:
        await _take_all(connections)
        hub.attrs_changed(app.id, 1)
        await _take_nothing()
    version = await storage.attrs_version()
    await until(lambda: session.attrs_version == version, pause_seconds=PAUSE_SECONDS)


async def test_sessions_of_an_app_that_is_gone_are_ended(
    hub: QueryHub, app: tenants.App, storage: Storage
) -> None:
    session = await _entered(hub, app)
    ended = asyncio.create_task(session.cut_off())
    await storage.conn.execute(
        "update apps set deletion_marked_at = now() where id = %s", (app.id,)
    )
    async with AsyncExitStack() as connections:
        await _take_all(connections)
        hub.app_changed(app.id, None)
        await _take_nothing()
    await asyncio.wait_for(ended, LIMIT_SECONDS)
