"""Answers are checked against recent transactions that their snapshot did not see."""

from __future__ import annotations

from realtime.subscriptions import recent_changes
from realtime.subscriptions.recent_changes import RecentChanges
from realtime.topics.touched import Touched, TouchedTriple
from realtime.visibility import Snapshot

TITLE = Touched(triples=(TouchedTriple("e", "title", (b"1",)),))
SEES_BELOW_100 = Snapshot(xmin=100, xmax=100, running=frozenset())


def _xids(recent: RecentChanges, app_id: str) -> list[int]:
    mark = recent.mark(app_id)
    return [change.xid for change in recent.unseen_by(SEES_BELOW_100, app_id, mark)]


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

    [change] = recent.unseen_by(SEES_BELOW_100, "one", recent.mark("one"))

    assert change.touched.everything


def test_memory_is_bounded_and_tells_what_it_forgot() -> None:
    recent = RecentChanges()
    before = recent.mark("one")
    recent.add("one", 0, TITLE)
    after = recent.mark("one")
    for xid in range(1, recent_changes.MAX_TRANSACTIONS + 1):
        recent.add("one", xid, TITLE)

    assert not recent.remembers_since(before)
    assert recent.remembers_since(after)


def test_few_large_transactions_fill_the_memory_too() -> None:
    recent = RecentChanges()
    before = recent.mark("one")
    large = Touched(triples=TITLE.triples * recent_changes.MAX_TRIPLES_KEPT)
    for xid in range(recent_changes.MAX_TRIPLES // recent_changes.MAX_TRIPLES_KEPT):
        recent.add("one", xid, large)
    assert recent.remembers_since(before)

    recent.add("one", 10_000, TITLE)

    assert not recent.remembers_since(before)


def test_what_an_answer_has_shown_is_not_looked_at_again() -> None:
    recent = RecentChanges()
    for xid in (90, 105, 95):
        recent.add("one", xid, TITLE)
    assert _xids(recent, "one") == [105]
    first_unseen = recent.mark("one").shown_below

    shows_all = Snapshot(xmin=110, xmax=110, running=frozenset())
    assert recent.unseen_by(shows_all, "one", recent.mark("one")) == []

    assert first_unseen == 1
    assert recent.mark("one").shown_below == recent.mark("one").position


def test_run_that_began_earlier_still_checks_what_another_one_has_shown() -> None:
    """Its snapshot may be older than that of the one which has ended already."""
    recent = RecentChanges()
    slow = recent.mark("one")
    recent.add("one", 100, TITLE)
    recent.unseen_by(Snapshot(xmin=101, xmax=101, running=frozenset()), "one", recent.mark("one"))

    assert [change.xid for change in recent.unseen_by(SEES_BELOW_100, "one", slow)] == [100]


def test_shown_is_never_taken_back() -> None:
    recent = RecentChanges()
    slow = recent.mark("one")
    recent.add("one", 100, TITLE)
    recent.unseen_by(Snapshot(xmin=101, xmax=101, running=frozenset()), "one", slow)

    recent.unseen_by(SEES_BELOW_100, "one", slow)

    assert recent.mark("one").shown_below == 1
