"""The query hub: answers each distinct live query once and tells everyone who watches it.

Promises:
- equal queries with the same view share one execution, one encoding and one comparison per change;
- an answer given to a new subscriber shows every transaction committed before it asked;
- a query whose answer a change may alter is answered again, whatever else runs, or its
  subscribers are told that it failed.

The hub knows sessions and live queries; sockets, ops and the change log are others' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from realtime.bus.bus import Listener
from realtime.protocol import outgoing
from realtime.sessions import Session
from realtime.subscriptions import delivery
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.live_query import LiveQuery, QueryKey, Subscription
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.subscriptions.refresher import Refresher
from realtime.subscriptions.runner import QueryRunner
from realtime.subscriptions.settling import Settling
from realtime.subscriptions.shapes import Shape
from realtime.subscriptions.tasks import Tasks, patiently, report_broken
from realtime.subscriptions.views import View, view_of
from realtime.topics.touched import Touched
from realtime.visibility import wait_until_visible
from triples import tenants
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import CatalogCache
from triples.permissions.store import RULES, STAMP
from triples.sql import pool
from wire.errors import RecordNotFound

APP_GONE = 4404  # WebSocket close code, private range
VIEW_UNKNOWN = 1011  # "unexpected condition": the client connects again and asks anew

# Which are the newest attrs, rules and committed transaction of the app?
NEWEST_STATE: Final = f"""
select
  apps.attrs_version,
  {STAMP},
  (select coalesce(max(transactions.id), 1) from transactions where app_id = apps.id)
from apps where apps.id = %s::uuid
"""


class QueryHub:
    """All live queries of this process.

    `after_settling` is called with an app once everything shows that was published before it was
    joined; others than the hub may have looked too early as well.
    """

    def __init__(
        self,
        catalogs: CatalogCache,
        recent: RecentChanges,
        bus: Listener,
        *,
        timeout_seconds: float,
    ) -> None:
        self._bus = bus
        self._settling = Settling(self._settled)
        self.after_settling: Callable[[str], None] = lambda app_id: None
        self._catalogs = catalogs
        self._tasks = Tasks()
        runner = QueryRunner(catalogs, recent, timeout_seconds)
        self._refresher = Refresher(
            runner, self._tasks, self._move, timeout_seconds=timeout_seconds
        )
        self._timeout_seconds = timeout_seconds
        self._apps: dict[str, AppState] = {}

    @property
    def apps(self) -> Iterable[AppState]:
        """The apps that sessions of this process are on."""
        return self._apps.values()

    def app_state(self, app_id: str) -> AppState | None:
        """The app, if a session of this process is on it."""
        return self._apps.get(app_id)

    # -- sessions and subscriptions ----------------------------------------------------------

    def enter(self, session: Session, app: tenants.App) -> AppState:
        """Put a session on an app; once `joined` has returned, the app's changes reach it."""
        state = self._apps.get(app.id)
        if state is None:
            state = self._apps[app.id] = AppState(app)
            state.joining = self._tasks.spawn(self._join(state))
        state.sessions.add(session)
        session.app = state
        return state

    def leave(self, session: Session) -> None:
        """Forget a session, its subscriptions, and its app if it was the last one there.

        A session that has left has no app. One whose `init` failed leaves twice, and the app of
        its name may be another state by then, which others are on.
        """
        state = session.app
        if state is None:
            return
        for subscription in list(session.subscriptions.values()):
            self.unsubscribe(subscription)
        state.sessions.discard(session)
        session.app = None
        if not state.sessions:
            self._apps.pop(state.id, None)
            if state.joining is not None:
                state.joining.cancel()
            self._bus.leave(state.id)

    async def joined(self, state: AppState) -> None:
        """Wait until the app's changes reach this process; what is read before may be outdated.

        Where that failed it is tried again, for sessions of the app may be there for days.
        """
        if _has_failed(state.joining) and self._apps.get(state.id) is state:
            state.joining = self._tasks.spawn(self._join(state))
        if state.joining is not None:
            await asyncio.shield(state.joining)

    async def catalog(self, state: AppState) -> AttrCatalog:
        """The app's attrs, never older than what this process has seen."""
        return state.learn_catalog(await self._catalogs.get(state.id))

    async def view_of(self, session: Session, query: dict[str, Any]) -> View:
        """The session's view of a query's data, as rules have it now."""
        if session.app is None:
            raise RuntimeError("a session has a view only after init")
        return await view_of(session, query, await self.catalog(session.app), RULES)

    def subscribe(
        self,
        session: Session,
        query_json: bytes,
        query: dict[str, Any],
        event_id: Any,
        view: View,
        shape: Shape = Shape.JOIN_ROWS,
    ) -> Subscription:
        """Record a session's interest; the answer is computed by `answered`."""
        live = self._live_query(session, query_json, query, view, shape)
        subscription = Subscription(session, live, event_id)
        live.subscriptions[subscription] = None
        session.subscriptions[query_json] = subscription
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Drop the interest; a query that nobody watches is forgotten and its run cancelled."""
        live, session = subscription.live, subscription.session
        if session.subscriptions.get(live.key.query_json) is not subscription:
            return  # dropped already: by the end of its session, while its first answer was awaited
        del session.subscriptions[live.key.query_json]
        session.changed.pop(live.key.query_json, None)
        if subscription.move is not None:
            subscription.move.cancel()
        self._detach(subscription)

    async def answered(self, subscription: Subscription) -> None:
        """Wait until the query has an answer that shows all that is committed by now.

        Raises what made the query fail.
        """
        while True:
            live = subscription.live
            is_answered = await self._answered(live)
            if subscription.move is not None:
                await asyncio.wait({subscription.move})
            elif is_answered and subscription.live is live:
                break
        if live.failure is not None:
            raise live.failure

    def change_view(self, session: Session) -> None:
        """The session asks as somebody else from now on; its queries become those of that view.

        Called after the session's `user` was set. Nothing that the one before might see is sent
        from here on; what differs follows in a refresh.
        """
        for subscription in session.subscriptions.values():
            self._move(subscription)

    # -- views -------------------------------------------------------------------------------

    def _live_query(
        self,
        session: Session,
        query_json: bytes,
        query: dict[str, Any],
        view: View,
        shape: Shape,
    ) -> LiveQuery:
        state = session.app
        if state is None:
            raise RuntimeError("a session subscribes only after init")
        key = QueryKey(query_json, session.is_admin, view.traits, shape)
        live = state.queries.get(key)
        if live is None:
            live = state.queries[key] = LiveQuery(state, key, query, view.viewer)
        return live

    def _detach(self, subscription: Subscription) -> None:
        live = subscription.live
        live.subscriptions.pop(subscription, None)
        if not live.subscriptions:
            live.app.queries.pop(live.key, None)
            live.app.index.remove(live)
            if live.run is not None:
                live.run.cancel()

    def _move(self, subscription: Subscription) -> None:
        """Find out whose view the subscription has now, and put it where that is answered."""
        if subscription.move is not None:
            subscription.move.cancel()
        subscription.move = self._tasks.spawn(self._moved(subscription))

    async def _moved(self, subscription: Subscription) -> None:
        session = subscription.session
        try:
            async with asyncio.timeout(self._timeout_seconds):
                view = await self.view_of(session, subscription.live.query)
        except Exception as error:  # noqa: BLE001  # the edge: nothing may be sent, so the session ends
            report_broken(error)
            session.disconnect(VIEW_UNKNOWN, "what the session may see could not be found out")
            return
        if not session.closed:
            subscription.move = None
            self._put(subscription, view)

    def _put(self, subscription: Subscription, view: View) -> None:
        """Make the subscription one of the live query that answers this view."""
        session, before = subscription.session, subscription.live
        key = before.key
        live = self._live_query(session, key.query_json, before.query, view, key.shape)
        if live is not before:
            self._detach(subscription)
            session.changed.pop(key.query_json, None)
            subscription.live = live
            live.subscriptions[subscription] = None
            # Whatever the new view shows, the session has not been sent it.
            subscription.sent_version = None
        if live.run is None and (live.stale or live.current is None or subscription.is_ahead):
            live.mark_stale(None)
            live.app.dirty.append(live)
            self._refresher.start(live.app)
        delivery.catch_up(subscription)

    async def _answered(self, live: LiveQuery) -> bool:
        """One try at an answer, or a failure; whether there is one for the query's view.

        A run that was under way may have taken its snapshot too early, so its answer is used
        only if it shows the newest transaction.
        """
        await self.joined(live.app)
        if live.run is not None:
            await asyncio.wait({live.run})
        if live.current is None or live.stale or not await self._is_newest(live):
            run = live.run or self._refresher.run(live)
            await asyncio.wait({run})
            return not run.cancelled() and run.result()
        return True

    # -- changes -----------------------------------------------------------------------------

    def invalidate(
        self, state: AppState, touched: Touched, xid: int, tx_id: int | None = None
    ) -> None:
        """Mark every query stale that the transaction may have altered, and refresh them."""
        for live in state.index.stale(touched):
            live.force_send = live.force_send or bool(touched.attr_ids)
            self._refresher.mark(live, xid, tx_id)
        self._refresher.start(state)

    def invalidate_everything(self) -> None:
        """Changes may have been missed: answer every live query of this process again."""
        for app_id in list(self._apps):
            self.invalidate_app(app_id)

    def invalidate_app(self, app_id: str) -> None:
        """Changes of one app may have been missed: answer its live queries again."""
        state = self._apps.get(app_id)
        if state is None:
            return
        for live in state.queries.values():
            self._refresher.mark(live, None)
        self._refresher.start(state)
        self.attrs_changed(app_id, None)
        self.app_changed(app_id, None)

    def settle(self, *app_ids: str) -> None:
        """Answer these apps' queries again once what commits at this moment shows.

        For changes that were published before this process listened.
        """
        if app_ids:
            self._tasks.spawn(self._settling.begin(*app_ids))

    def _settled(self, app_id: str) -> None:
        self.invalidate_app(app_id)
        self.after_settling(app_id)

    def attrs_changed(self, app_id: str, xid: int | None) -> None:
        """The app's attrs changed in this transaction: bring the new list to every session.

        The app need not be in use here: its first session may be on its way in.
        """
        self._catalogs.forget(app_id)
        self._tasks.spawn(patiently(partial(self._push_attrs, app_id, xid)))

    def app_changed(self, app_id: str, xid: int | None) -> None:
        """The app's own row changed: tell sessions its status, or close them if it is gone."""
        self._tasks.spawn(patiently(partial(self._push_status, app_id, xid)))

    async def stop(self) -> None:
        """Cancel everything that runs."""
        await self._settling.stop()
        await self._tasks.stop()

    # -- background --------------------------------------------------------------------------

    async def _join(self, state: AppState) -> None:
        """Listen to the app; what was read of it before may be older than what was missed."""
        await self._bus.join(state.id)
        self._catalogs.forget(state.id)
        RULES.forget(state.id)
        await self._settling.begin(state.id)
        await self._push_status(state.id, None)

    async def _is_newest(self, live: LiveQuery) -> bool:
        """Whether the current answer shows everything that was committed before now.

        Attrs and rules may have changed without a transaction that counts, and unheard of so far.
        """
        async with pool.connection() as conn:
            row = await (await conn.execute(NEWEST_STATE, (live.app.id,))).fetchone()
        # A run that began meanwhile has cleared `stale` before it has anything to show for it.
        if row is None or live.current is None or live.stale or live.run is not None:
            return False
        attrs_version, rules_stamp, tx_id = row
        answer = live.current.answer
        is_well_planned = answer.attrs_version == attrs_version and (
            live.key.is_admin or answer.rules_stamp == rules_stamp
        )
        return is_well_planned and bool(max(live.app.fed_tx_id, answer.processed_tx_id) >= tx_id)

    async def _push_attrs(self, app_id: str, xid: int | None) -> None:
        await self._until_visible(xid)
        # Somebody may have read, and kept, the attrs of before while the commit was not visible.
        self._catalogs.forget(app_id)
        state = self._apps.get(app_id)
        if state is None:
            return
        try:
            await self.catalog(state)
        except RecordNotFound:
            return  # the app is gone; its own row's change closes the sessions
        delivery.bring_attrs_to_all(state)

    async def _push_status(self, app_id: str, xid: int | None) -> None:
        await self._until_visible(xid)
        state = self._apps.get(app_id)
        if state is None:
            return
        before = state.app.status
        try:
            async with pool.connection() as conn:
                state.app = await tenants.find_app(conn, app_id)
        except RecordNotFound:
            for session in state.sessions:
                session.disconnect(APP_GONE, "the app was deleted")
            return
        if state.app.status != before:
            for session in state.sessions:
                if session.is_authenticated:
                    session.send(outgoing.app_status_changed(state.app.status))

    async def _until_visible(self, xid: int | None) -> None:
        """The log can deliver a commit a moment before new snapshots show it."""
        if xid is not None:
            async with pool.connection() as conn:
                await wait_until_visible(conn, xid, self._timeout_seconds)


def _has_failed(task: asyncio.Task[None] | None) -> bool:
    return (
        task is not None and task.done() and not task.cancelled() and task.exception() is not None
    )
