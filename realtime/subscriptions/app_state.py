"""What this process holds of one app while at least one session is on it."""

from __future__ import annotations

import asyncio
from collections import deque

from realtime.sessions import Session
from realtime.subscriptions.live_query import LiveQuery, QueryKey
from realtime.topics.index import TopicIndex
from triples.attrs.catalog import AttrCatalog
from triples.sql.turns import READS, WRITES
from triples.tenants import App


class AppState:
    """An app's sessions, live queries, topics and newest known schema.

    `processed_tx_id` is the newest transaction that an answer or the change feed has shown; it
    never goes down; `fed_tx_id` counts only the change feed. `fed_xid` is the log's number of the
    newest transaction that was delivered, which may not show yet. `catalog` is the newest attr
    catalog loaded here. `dirty` are stale queries that no run has taken up yet, `refreshed` those
    that one of the `refreshers` runs. `joining` ends when the app's changes reach this process.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.sessions: set[Session] = set()
        self.queries: dict[QueryKey, LiveQuery] = {}
        self.index: TopicIndex[LiveQuery] = TopicIndex()
        self.catalog: AttrCatalog | None = None
        self.processed_tx_id = 1
        self.fed_tx_id = 0
        self.fed_xid: int | None = None
        self.dirty: deque[LiveQuery] = deque()
        self.refreshed: set[LiveQuery] = set()
        self.refreshers = 0
        self.joining: asyncio.Task[None] | None = None
        self.write_slots = WRITES.of(app.id)
        self.read_slots = READS.of(app.id)

    @property
    def id(self) -> str:
        """The app's id."""
        return self.app.id

    def learn_catalog(self, catalog: AttrCatalog) -> AttrCatalog:
        """Keep the catalog if it is newer than the one known; returns the newest."""
        if self.catalog is None or self.catalog.version < catalog.version:
            self.catalog = catalog
        return self.catalog

    def learn_fed_tx_id(self, tx_id: int) -> None:
        """The change feed has delivered this transaction, and so every earlier one."""
        self.fed_tx_id = max(self.fed_tx_id, tx_id)
        self.learn_tx_id(tx_id)

    def learn_tx_id(self, tx_id: int) -> None:
        """A transaction with this id is known to be committed."""
        self.processed_tx_id = max(self.processed_tx_id, tx_id)
