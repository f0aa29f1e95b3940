"""Answers are checked against recent transactions that their snapshot did not see."""

from __future__ import annotations

from realtime.subscriptions import recent_changes
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.topics.touched import Touched, TouchedTriple
from realtime.visibility import Snapshot

TITLE = Touched(triples=(TouchedTriple("e", "title", (b"1",)),))
SEES_BELOW_100 = Snapshot(xmin=100, xmax=100, running=frozenset())


def _xids(recent: RecentChanges, app_id: str) -> list[int]:
    return [change.xid for change in recent.unseen_by(SEES_BELOW_100, app_id)]


def test_only_unseen_transactions_of_the_app_are_listed() -> None:
    recent = RecentChanges()
    recent.add("one", 99, TITLE)
    recent.add("one", 100, TITLE)
    recent.add("two", 101, TITLE)

    assert _xids(recent, "one") == [100]


def test_large_transaction_is_remembered_as_touching_everything() -> None:
    recent = RecentChanges()
    many = TITLE.triples * (recent_changes.MAX_TRIPLES_KEPT + 1)
    recent.add("one", 100, Touched(triples=many))

    [change] = recent.unseen_by(SEES_BELOW_100, "one")

    assert change.touched.everything


def test_memory_is_bounded_and_tells_what_it_forgot() -> None:
    recent = RecentChanges()
    before = recent.position
    for xid in range(recent_changes.MAX_TRANSACTIONS + 1):
        recent.add("one", xid, TITLE)

    assert not recent.remembers_since(before)
    assert recent.remembers_since(before + 1)
