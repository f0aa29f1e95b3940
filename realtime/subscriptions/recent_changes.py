"""What was committed lately, for answers whose snapshot is older than the news of it.

The log can deliver a commit a moment before new snapshots show it, and a query may run while
changes to its future topics go by unmatched. So each answer is checked against the recent
transactions its snapshot did not see (instaql.md §5.6).
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from realtime.topics.touched import EVERYTHING, Touched
from realtime.visibility import Snapshot, sees

KEEP_SECONDS = 45.0  # the statement timeout of 30 s, and a margin for commits slow to show
MAX_TRANSACTIONS = 20_000
MAX_TRIPLES_KEPT = 500  # a larger transaction is remembered as touching everything


@dataclass(frozen=True, slots=True)
class RecentChange:
    """One transaction's touch of one app."""

    position: int
    at: float
    app_id: str
    xid: int
    touched: Touched


class RecentChanges:
    """A bounded memory of all apps' transactions, in the order they were delivered."""

    def __init__(self) -> None:
        self._all: deque[RecentChange] = deque()
        self._by_app: defaultdict[str, deque[RecentChange]] = defaultdict(deque)
        self._next_position = 0
        self._forgotten_below = 0

    @property
    def position(self) -> int:
        """Where the next transaction will stand; taken before a query runs."""
        return self._next_position

    def add(self, app_id: str, xid: int, touched: Touched) -> None:
        """Remember a transaction; the oldest ones make room."""
        if len(touched.triples) > MAX_TRIPLES_KEPT:
            touched = EVERYTHING
        now = time.monotonic()
        change = RecentChange(self._next_position, now, app_id, xid, touched)
        self._next_position += 1
        self._all.append(change)
        self._by_app[app_id].append(change)
        while self._all[0].at < now - KEEP_SECONDS:
            self._forget_oldest()
        if len(self._all) > MAX_TRANSACTIONS:
            self._forgotten_below = self._forget_oldest().position + 1

    def remembers_since(self, position: int) -> bool:
        """Whether nothing delivered at or after this position was forgotten for want of room."""
        return position >= self._forgotten_below

    def since(self, position: int, app_id: str) -> Iterator[RecentChange]:
        """The app's transactions that were delivered at or after this position."""
        for change in self._by_app.get(app_id, ()):
            if change.position >= position:
                yield change

    def unseen_by(self, snapshot: Snapshot, app_id: str) -> Iterator[RecentChange]:
        """The app's recent transactions that the snapshot does not show."""
        for change in self._by_app.get(app_id, ()):
            if not sees(snapshot, change.xid):
                yield change

    def _forget_oldest(self) -> RecentChange:
        oldest = self._all.popleft()
        of_app = self._by_app[oldest.app_id]
        of_app.popleft()
        if not of_app:
            del self._by_app[oldest.app_id]
        return oldest
