"""What live queries promise holds where several things happen at the same moment.

The moment is made to last: by catalogs that are not read before the test says so, and by the turns
of the app's queries, which the test takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from realtime.bus.in_process import InProcessBus
from realtime.handlers.init import init
from realtime.handlers.queries import add_query
from realtime.protocol.incoming import Message
from realtime.sessions import Session
from realtime.subscriptions import recent_changes
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.live_query import LiveQuery
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.subscriptions.views import View, viewer_of
from realtime.topics.touched import Touched
from tests.database.stored import Storage
from tests.database.test_sessions_of_apps import Nowhere
from tests.until import until
from triples import tenants
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import CatalogCache
from triples.permissions.push import put_rules
from triples.permissions.store import load_rules
from triples.sql.turns import READS_AT_ONCE
from wire import json
from wire.errors import ValidationFailed
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

LIMIT_SECONDS: Final = 20.0


class Catalogs(CatalogCache):
    """They are not there before they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.are_let_through = asyncio.Event()
        self.are_let_through.set()
        self.asked = 0
        self.waiting = 0

    async def get(self, app_id: str) -> AttrCatalog:
        self.asked += 1
        self.waiting += 1
        await self.are_let_through.wait()
        self.waiting -= 1
        return await super().get(app_id)


class Bus(InProcessBus):
    """It takes as long as the test wants to join an app, and cannot so many times."""

    def __init__(self) -> None:
        super().__init__()
        self.is_there = asyncio.Event()
        self.is_there.set()
        self.failures = 0

    async def join(self, app_id: str) -> None:
        await self.is_there.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("cut")
        await super().join(app_id)


class Admin(Session):
    """A session that may see everything, and remembers what it is sent."""

    def __init__(self) -> None:
        super().__init__(Nowhere(), is_admin=True)
        self.frames: list[dict[str, Any]] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    def ask(self, hub: QueryHub, etype: str) -> asyncio.Task[None]:
        message = Message("add-query", "e", {"op": "add-query", "q": {etype: {}}})
        return asyncio.create_task(add_query(hub, self, message))

    def is_watched(self, etype: str) -> bool:
        """Whether the query is planned, so that it only waits for its turn."""
        found = self.subscriptions.get(json.canonical({etype: {}}))
        return found is not None and found.live.app.index.topics(found.live) is not None

    def live(self, etype: str) -> LiveQuery:
        return self.subscriptions[json.canonical({etype: {}})].live


@pytest.fixture
def catalogs() -> Catalogs:
    return Catalogs()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def recent() -> RecentChanges:
    return RecentChanges()


@pytest_asyncio.fixture
async def hub(
    open_pool: None, catalogs: Catalogs, recent: RecentChanges, bus: Bus
) -> AsyncIterator[QueryHub]:
    running = QueryHub(catalogs, recent, bus, timeout_seconds=LIMIT_SECONDS)
    yield running
    await running.stop()


async def _entered(hub: QueryHub, app: tenants.App) -> tuple[Admin, AppState]:
    session = Admin()
    state = hub.enter(session, app)
    await hub.joined(state)
    session.attrs_version = (await hub.catalog(state)).version
    return session, state


async def test_answer_brings_its_attrs_while_another_query_reads_them_anew(
    hub: QueryHub, catalogs: Catalogs, app: tenants.App, storage: Storage
) -> None:
    session, state = await _entered(hub, app)
    for _ in range(READS_AT_ONCE):
        await state.read_slots.acquire()
    planned_before = session.ask(hub, "goals")
    await until(lambda: session.is_watched("goals"))
    await storage.insert_attr("todos", "title")
    catalogs.forget(app.id)
    planned_after = session.ask(hub, "todos")
    await until(lambda: session.is_watched("todos"))

    catalogs.are_let_through.clear()
    state.read_slots.release()
    await asyncio.wait_for(planned_after, LIMIT_SECONDS)

    assert [(frame["op"], "attrs" in frame) for frame in session.frames] == [
        ("refresh-ok", True),
        ("add-query-ok", False),
    ]
    catalogs.are_let_through.set()
    await asyncio.wait_for(planned_before, LIMIT_SECONDS)


async def test_sessions_that_enter_together_know_what_became_of_the_app_meanwhile(
    hub: QueryHub, bus: Bus, app: tenants.App, storage: Storage
) -> None:
    bus.is_there.clear()
    sessions = Admin(), Admin()
    message = Message("init", "e", {"op": "init", "app-id": app.id})
    entering = [asyncio.create_task(init(hub, session, message)) for session in sessions]
    await until(lambda: all(session.app is not None for session in sessions))
    await storage.conn.execute("update apps set status = 'disabled' where id = %s", (app.id,))
    bus.is_there.set()
    await asyncio.wait_for(asyncio.gather(*entering), LIMIT_SECONDS)

    told = [frame["app-status"]["status"] for session in sessions for frame in session.frames]
    assert told == ["disabled", "disabled"]


async def test_first_answer_is_of_the_stored_rules_before_anybody_hears_of_them(
    hub: QueryHub, app: tenants.App, storage: Storage
) -> None:
    """Nothing hears of changes here; somebody with the same view was answered before."""
    await storage.insert_attr("todos", "title")
    await put_rules(storage.conn, app.id, {"todos": {"allow": {"view": "true"}}})
    (first, _), (second, _) = await _entered(hub, app), await _entered(hub, app)
    first.is_admin = second.is_admin = False
    await first.ask(hub, "todos")
    await put_rules(storage.conn, app.id, {"todos": {"allow": {"view": "false"}}})
    await second.ask(hub, "todos")

    current = second.live("todos").current
    assert current is not None
    assert current.answer.rules_stamp == (await load_rules(storage.conn, app.id)).stamp


async def test_answer_is_shared_though_rules_and_attrs_have_changed_without_altering_it(
    hub: QueryHub, app: tenants.App, storage: Storage
) -> None:
    (first, _), (second, _) = await _entered(hub, app), await _entered(hub, app)
    await first.ask(hub, "todos")
    await storage.insert_attr("todos", "title")
    await second.ask(hub, "todos")
    shown = first.live("todos").current
    third, _ = await _entered(hub, app)
    await third.ask(hub, "todos")
    assert third.live("todos").current is shown


async def test_app_that_could_not_be_joined_is_joined_by_the_next_who_needs_it(
    hub: QueryHub, bus: Bus, app: tenants.App
) -> None:
    bus.failures = 1
    stays, comes = Admin(), Admin()
    state = hub.enter(stays, app)
    with pytest.raises(ConnectionError):
        await hub.joined(state)
    assert hub.enter(comes, app) is state
    await hub.joined(state)


async def test_query_that_failed_while_too_much_happened_to_remember_is_tried_again(
    hub: QueryHub,
    catalogs: Catalogs,
    recent: RecentChanges,
    app: tenants.App,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What might have given it an answer may be among what was forgotten."""
    monkeypatch.setattr(recent_changes, "MAX_TRANSACTIONS", 1)
    session, _ = await _entered(hub, app)
    query = {"todos": {"$": {"where": {"title": {"$nope": 1}}}}}
    view = View(viewer_of(session), frozenset())
    subscription = hub.subscribe(session, json.canonical(query), query, "e", view)
    live = subscription.live
    asked = asyncio.create_task(hub.answered(subscription))
    await until(lambda: live.app.index.topics(live) is not None)
    catalogs.are_let_through.clear()  # it has failed once, and attrs are read anew
    await until(lambda: catalogs.waiting == 1)
    for xid in range(2):
        recent.add(new_id(), xid, Touched())
    runs = catalogs.asked
    catalogs.are_let_through.set()
    with pytest.raises(ValidationFailed):
        await asked
    await until(lambda: catalogs.asked > runs)


async def test_session_that_is_signed_out_is_sent_no_answer_of_before_its_last_one(
    hub: QueryHub, app: tenants.App, storage: Storage
) -> None:
    (guest, _), (user, _) = await _entered(hub, app), await _entered(hub, app)
    guest.is_admin = user.is_admin = False
    user.user = {"id": new_id()}
    await guest.ask(hub, "$users")
    await storage.conn.execute("insert into transactions (app_id) values (%s)", (app.id,))
    await user.ask(hub, "$users")

    user.user = None
    hub.change_view(user)
    await until(lambda: len(user.frames) == 2)
    assert user.live("$users") is guest.live("$users")
    first, second = (frame["processed-tx-id"] for frame in user.frames)
    assert first <= second
