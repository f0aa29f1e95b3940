"""What was committed lately, for answers whose snapshot is older than the news of it.

The log can deliver a commit a moment before new snapshots show it, and a query may run while
changes to its future topics go by unmatched. So each answer is checked against the recent
transactions its snapshot did not see (instaql.md §5.6).

What one snapshot has shown, every later one shows. So a run notes where it begins (`Mark`), and
looks at nothing that an answer had shown by then: in a busy app that is nearly everything.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from realtime.topics.touched import EVERYTHING, Touched
from realtime.visibility import Snapshot, sees

KEEP_SECONDS = 45.0  # the statement timeout of 30 s, and a margin for commits slow to show
MAX_TRANSACTIONS = 20_000
MAX_TRIPLES = 100_000  # some 30 MB
MAX_TRIPLES_KEPT = 500  # a larger transaction is remembered as touching everything


@dataclass(frozen=True, slots=True)
class RecentChange:
    """One transaction's touch of one app."""

    position: int
    at: float
    app_id: str
    xid: int
    tx_id: int | None
    touched: Touched


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a run begins, taken before its snapshot.

    What is delivered later stands at `position` or after it; the snapshot will show all that
    stands before `shown_below`.
    """

    position: int
    shown_below: int


@dataclass(slots=True)
class _OfApp:
    """One app's transactions, and up to where an answer has shown them all."""

    changes: deque[RecentChange] = field(default_factory=deque)
    shown_below: int = 0


class RecentChanges:
    """A bounded memory of all apps' transactions, in the order they were delivered."""

    def __init__(self) -> None:
        self._all: deque[RecentChange] = deque()
        self._by_app: dict[str, _OfApp] = {}
        self._triples = 0
        self._next_position = 0
        self._forgotten_below = 0

    def mark(self, app_id: str) -> Mark:
        """Where a run of one of the app's queries begins."""
        of_app = self._by_app.get(app_id)
        return Mark(self._next_position, of_app.shown_below if of_app else 0)

    def add(self, app_id: str, xid: int, touched: Touched, tx_id: int | None = None) -> None:
        """Remember a transaction by its numbers in the log and in the app, if it has one there.

        The oldest ones make room.
        """
        if len(touched.triples) > MAX_TRIPLES_KEPT:
            touched = EVERYTHING
        now = time.monotonic()
        change = RecentChange(self._next_position, now, app_id, xid, tx_id, touched)
        self._next_position += 1
        self._triples += len(touched.triples)
        self._all.append(change)
        self._by_app.setdefault(app_id, _OfApp()).changes.append(change)
        while self._all[0].at < now - KEEP_SECONDS:
            self._forget_oldest()
        while len(self._all) > MAX_TRANSACTIONS or self._triples > MAX_TRIPLES:
            self._forgotten_below = self._forget_oldest().position + 1

    def remembers_since(self, mark: Mark) -> bool:
        """Whether nothing delivered since the mark was forgotten for want of room."""
        return mark.position >= self._forgotten_below

    def since(self, mark: Mark, app_id: str) -> list[RecentChange]:
        """The app's transactions that were delivered since the mark, newest first."""
        return list(self._newest(app_id, mark.position))

    def unseen_by(self, snapshot: Snapshot, app_id: str, mark: Mark) -> list[RecentChange]:
        """The app's recent transactions that a snapshot taken after the mark does not show."""
        of_app = self._by_app.get(app_id)
        if of_app is None:
            return []
        unseen = [
            change
            for change in self._newest(app_id, mark.shown_below)
            if not sees(snapshot, change.xid)
        ]
        shown_below = unseen[-1].position if unseen else self._next_position
        of_app.shown_below = max(of_app.shown_below, shown_below)
        return unseen

    def _newest(self, app_id: str, down_to: int) -> Iterator[RecentChange]:
        of_app = self._by_app.get(app_id)
        for change in reversed(of_app.changes) if of_app else ():
            if change.position < down_to:
                return
            yield change

    def _forget_oldest(self) -> RecentChange:
        oldest = self._all.popleft()
        self._triples -= len(oldest.touched.triples)
        of_app = self._by_app[oldest.app_id]
        of_app.changes.popleft()
        if not of_app.changes:
            del self._by_app[oldest.app_id]
        return oldest
