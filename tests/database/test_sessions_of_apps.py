"""Which apps a process holds: those that a session is on, until the last one has left."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from realtime.bus.in_process import InProcessBus
from realtime.handlers import queries
from realtime.handlers.queries import add_query
from realtime.protocol.incoming import Message
from realtime.sessions import Session
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.recent_changes import RecentChanges
from triples import tenants
from triples.attrs.store import CatalogCache
from wire.errors import ValidationFailed

pytestmark = pytest.mark.asyncio


class Nowhere:
    """`Transport` to nobody."""

    async def send_text(self, text: str) -> None:
        pass

    async def close(self, code: int, reason: str) -> None:
        pass


@pytest_asyncio.fixture
async def hub(open_pool: None) -> AsyncIterator[QueryHub]:
    running = QueryHub(CatalogCache(), RecentChanges(), InProcessBus(), timeout_seconds=5)
    yield running
    await running.stop()


async def test_app_is_held_until_its_last_session_leaves(hub: QueryHub, app: tenants.App) -> None:
    first, second = Session(Nowhere()), Session(Nowhere())
    state = hub.enter(first, app)
    assert hub.enter(second, app) is state
    hub.leave(first)
    assert hub.app_state(app.id) is state
    hub.leave(second)
    assert hub.app_state(app.id) is None


async def test_session_that_leaves_again_takes_the_app_from_nobody(
    hub: QueryHub, app: tenants.App
) -> None:
    refused, welcome = Session(Nowhere()), Session(Nowhere())
    hub.enter(refused, app)
    hub.leave(refused)  # its `init` failed
    state = hub.enter(welcome, app)
    hub.leave(refused)  # its socket is closed
    assert hub.app_state(app.id) is state
    await hub.joined(state)


async def test_session_has_so_many_live_queries(
    hub: QueryHub, app: tenants.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_QUERIES", 1)
    session = Session(Nowhere())
    hub.enter(session, app)
    todos, goals = (
        Message("add-query", "e", {"op": "add-query", "q": {name: {}}})
        for name in ("todos", "goals")
    )
    await add_query(hub, session, todos)
    with pytest.raises(ValidationFailed, match="at most 1 live queries"):
        await add_query(hub, session, goals)
    await add_query(hub, session, todos)
    await queries.remove_query(hub, session, todos)
    await add_query(hub, session, goals)
