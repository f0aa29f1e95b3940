"""Computing one answer of a live query that may be called current.

An answer is current only on a snapshot that shows every transaction which made the query stale,
planned with the catalog that the same snapshot holds. The refined topics are then installed, and
checked against recent transactions that the snapshot did not see: whatever falls between snapshot
and change feed makes the query stale again instead of being missed (instaql.md §5.6).
"""

from __future__ import annotations

from collections.abc import Iterable

from realtime.subscriptions.live_query import LiveQuery
from realtime.subscriptions.recent_changes import Mark, RecentChanges
from realtime.subscriptions.shapes import in_shape
from realtime.subscriptions.views import ViewOutdated
from realtime.topics.query_topics import QueryTopics, coarse_topics, topics_of
from realtime.visibility import Snapshot, parse_snapshot, sees, wait_until_visible
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import CatalogCache
from triples.instaql.answer import Answer, PreparedQuery, prepare_query, run_query
from triples.instaql.reads import NamesRead, Read
from triples.permissions.store import EMPTY, RULES
from triples.sql import pool
from wire.errors import InstantError


class QueryRunner:
    """Runs live queries for the hub."""

    def __init__(self, catalogs: CatalogCache, recent: RecentChanges, wait_seconds: float) -> None:
        self._catalogs = catalogs
        self._recent = recent
        self._wait_seconds = wait_seconds

    async def run(self, live: LiveQuery) -> None:
        """Answer the query and record the answer; raises what made the query fail."""
        has_failed = False
        reads: tuple[Read, ...] = (NamesRead(),)
        while True:
            awaited = live.begin_run()
            mark = self._recent.mark(live.app.id)
            try:
                catalog = live.app.learn_catalog(await self._catalogs.get(live.app.id))
                prepared = await self._prepared(live, catalog)
                reads = prepared.reads
                async with live.app.read_slots, pool.connection() as conn:
                    answer = await run_query(conn, prepared)
                    snapshot = parse_snapshot(answer.snapshot)
                    unseen = {xid for xid in awaited if not sees(snapshot, xid)}
                    for xid in unseen:
                        await wait_until_visible(conn, xid, self._wait_seconds)
            except InstantError:
                live.awaited_xids |= awaited
                if has_failed:
                    self._watch_failed(live, reads, mark)
                    raise
                # What was kept of attrs and rules may be older than what made the query stale.
                has_failed = True
                await self._catch_up(live)
                continue
            except BaseException:
                live.awaited_xids |= awaited  # the next attempt must show them
                raise
            if not prepared.is_answered_by(answer):
                self._forget_plans(live)
                if answer.attrs_version < catalog.version:
                    live.app.catalog = None  # the database was put back to an earlier state
            elif not unseen:
                break
            live.awaited_xids |= awaited
        live.end_run({xid for xid in live.awaited_xids if not sees(snapshot, xid)})
        self._watch(live, topics_of(prepared.reads, answer.level_ids), snapshot, mark)
        self._record(live, in_shape(live.key.shape, answer, live.query, catalog, prepared))

    async def _prepared(self, live: LiveQuery, catalog: AttrCatalog) -> PreparedQuery:
        """The query as its viewer's; raises `ViewOutdated` where others might see another."""
        rules = EMPTY if live.viewer.is_admin else await RULES.get(live.app.id)
        self._watch_before(live, (NamesRead(),))
        prepared = prepare_query(
            live.query, catalog, live.viewer, rules, with_rows=live.key.shape.is_tree
        )
        self._watch_before(live, prepared.reads)
        if prepared.traits != live.key.traits:
            raise ViewOutdated
        return prepared

    def _watch_before(self, live: LiveQuery, reads: Iterable[Read]) -> None:
        """Watch coarsely while there is no answer whose topics say more (instaql.md §5.6)."""
        if live.current is None and live.subscriptions:
            live.app.index.put(live, coarse_topics(reads))

    async def _catch_up(self, live: LiveQuery) -> None:
        """Wait until everything shows that made the query stale, and read attrs and rules anew."""
        async with pool.connection() as conn:
            for xid in sorted(live.awaited_xids):
                await wait_until_visible(conn, xid, self._wait_seconds)
        self._forget_plans(live)

    def _watch_failed(self, live: LiveQuery, reads: Iterable[Read], mark: Mark) -> None:
        """Without an answer, whatever the query looks at may give it one, also since it began."""
        if not live.subscriptions:
            return
        topics = coarse_topics(reads)
        live.app.index.put(live, topics)
        if not self._recent.remembers_since(mark):
            live.mark_stale(None)
        for change in self._recent.since(mark, live.app.id):
            if topics.match(change.touched):
                live.mark_stale(change.xid, change.tx_id)

    def _forget_plans(self, live: LiveQuery) -> None:
        """Read attrs and rules anew; the app's newest known attrs stay, for answers of others."""
        self._catalogs.forget(live.app.id)
        RULES.forget(live.app.id)

    def _watch(self, live: LiveQuery, topics: QueryTopics, snapshot: Snapshot, mark: Mark) -> None:
        """Install the refined topics, then catch what fell between snapshot and now."""
        if not live.subscriptions:
            return
        live.app.index.put(live, topics)
        if not self._recent.remembers_since(mark):
            live.mark_stale(None)
        for change in self._recent.unseen_by(snapshot, live.app.id, mark):
            if topics.match(change.touched):
                live.mark_stale(change.xid, change.tx_id)

    def _record(self, live: LiveQuery, answer: Answer) -> None:
        live.app.learn_tx_id(answer.processed_tx_id)
        live.accept(answer)
