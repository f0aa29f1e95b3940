"""What the hub keeps of sessions that come and go."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from realtime.bus.in_process import InProcessBus
from realtime.sessions import Session
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.live_query import Subscription
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.subscriptions.views import View
from tests.unit.realtime.subscriptions.test_delivery import Nowhere
from tests.until import until
from triples.attrs.store import CatalogCache
from triples.instaql.answer import Viewer
from triples.tenants import App
from wire.ids import new_id

ANYBODY = View(Viewer(is_admin=False, user_id=None), frozenset())


class Watchers:
    """A hub, an app of it, and sessions that watch one and the same query."""

    def __init__(self) -> None:
        self.hub = QueryHub(CatalogCache(), RecentChanges(), InProcessBus(), timeout_seconds=1)
        self.app = AppState(App(new_id(), "app", "active", None, datetime.now(UTC), None))

    def come(self) -> Session:
        session = Session(Nowhere(), app=self.app)
        self.app.sessions.add(session)
        return session

    def watch(self, session: Session) -> Subscription:
        return self.hub.subscribe(session, b'{"todos":{}}', {"todos": {}}, "event", ANYBODY)


def test_subscription_that_is_dropped_twice_takes_no_other_with_it() -> None:
    """The end of a session drops it, and then whoever waited for its first answer."""
    watchers = Watchers()
    gone, stays = watchers.come(), watchers.come()
    dropped = watchers.watch(gone)
    watchers.hub.unsubscribe(dropped)
    kept = watchers.watch(stays)

    watchers.hub.unsubscribe(dropped)

    assert list(watchers.app.queries.values()) == [kept.live]
    assert stays.subscriptions == {kept.live.key.query_json: kept}


def test_asker_is_told_of_a_failure_also_where_the_query_is_tried_again_at_once() -> None:
    """No connection pool is open here, so that every run fails."""

    async def story() -> None:
        watchers = Watchers()
        subscription = watchers.watch(watchers.come())
        asking = asyncio.create_task(watchers.hub.answered(subscription))
        await until(lambda: not subscription.live.stale)
        subscription.live.mark_stale(100)
        with pytest.raises(RuntimeError, match="the connection pool is not open"):
            await asking
        await watchers.hub.stop()

    asyncio.run(story())
