"""From committed changes to refreshes: the step between the change feed and the query hub.

Called by the feed, one transaction at a time, in commit order; it notes and marks, and waits for
nothing. The order inside `deliver` is the promise of instaql.md §5.6: a change is remembered before
queries are marked, so that a query which is just being answered finds it.
"""

from __future__ import annotations

from realtime.changes.change import TxChanges
from realtime.measures import CHANGES, GAPS
from realtime.revocations import Revocations
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.topics.touched import touched_by
from triples.attrs.store import CatalogCache
from triples.permissions.store import RULES


class Invalidator:
    """Tells the hub what each transaction made stale."""

    def __init__(
        self,
        hub: QueryHub,
        recent: RecentChanges,
        catalogs: CatalogCache,
        revocations: Revocations,
    ) -> None:
        self._hub = hub
        self._revocations = revocations
        self._recent = recent
        self._catalogs = catalogs

    def deliver(self, changes: TxChanges) -> None:
        """Take one transaction's changes of one app."""
        if changes.attr_changes or changes.truncated:
            self._hub.attrs_changed(changes.app_id, changes.xid)
        if changes.rules_changed or changes.truncated:
            RULES.forget(changes.app_id)
        if changes.app_changed:
            self._hub.app_changed(changes.app_id, changes.xid)
        state = self._hub.app_state(changes.app_id)
        if state is None:
            return
        CHANGES.inc()
        touched = touched_by(changes)
        self._recent.add(changes.app_id, changes.xid, touched, changes.tx_id)
        state.fed_xid = changes.xid
        if changes.tx_id is not None:
            state.learn_fed_tx_id(changes.tx_id)
        self._hub.invalidate(state, touched, changes.xid, changes.tx_id)
        self._revocations.deliver(state, changes)

    def on_gap(self) -> None:
        """Changes may have been missed: nothing remembered can be trusted."""
        GAPS.labels("all").inc()
        self._catalogs.clear()
        RULES.clear()
        self._hub.invalidate_everything()
        self._revocations.on_gap()
        self._hub.settle(*(state.id for state in self._hub.apps))

    def on_app_gap(self, app_id: str) -> None:
        """Changes of one app may have been missed."""
        GAPS.labels("app").inc()
        self._catalogs.forget(app_id)
        RULES.forget(app_id)
        self._hub.invalidate_app(app_id)
        self._revocations.on_app_gap(app_id)
        self._hub.settle(app_id)
