"""Which answers count as new where they do not differ."""

from __future__ import annotations

from realtime.subscriptions.live_query import LiveQuery
from tests.unit.realtime.subscriptions.test_delivery import Watcher
from triples.instaql.answer import Answer

BEFORE, ATTRS_CHANGE = 100, 101


def answered() -> LiveQuery:
    """A query whose answer is always the same."""
    watcher = Watcher()
    watcher.has_new("todos", 7)
    (subscription,) = watcher.changed.values()
    return subscription.live


def change(live: LiveQuery) -> None:
    live.mark_stale(BEFORE)


def change_attrs(live: LiveQuery) -> None:
    live.force_send = True
    live.mark_stale(ATTRS_CHANGE)


def end_run(live: LiveQuery, *unseen_xids: int, attrs_version: int = 0) -> int:
    """How many answers more there are than before."""
    version = live.version
    live.end_run(set(unseen_xids))
    live.accept(Answer(7, attrs_version, "", "1:1:", b"[]", ()))
    return live.version - version


def test_equal_answer_is_not_new() -> None:
    live = answered()
    change(live)
    live.begin_run()
    assert end_run(live) == 0


def test_equal_answer_after_a_change_of_attrs_is_new_once() -> None:
    live = answered()
    change_attrs(live)
    live.begin_run()
    assert end_run(live) == 1
    change(live)
    live.begin_run()
    assert end_run(live) == 0


def test_answer_of_before_the_change_of_attrs_is_not_taken_for_the_one_after_it() -> None:
    """Clients read an answer with the attrs that they have when it comes."""
    live = answered()
    change(live)
    live.begin_run()
    change_attrs(live)
    assert end_run(live, ATTRS_CHANGE) == 0
    live.begin_run()
    assert end_run(live) == 1


def test_answer_that_shows_a_change_of_attrs_made_while_it_ran_is_the_one_after_it() -> None:
    live = answered()
    change(live)
    live.begin_run()
    change_attrs(live)
    assert end_run(live) == 1
    change(live)
    live.begin_run()
    assert end_run(live) == 0


def test_answer_after_a_run_that_failed_is_new_too() -> None:
    live = answered()
    change_attrs(live)
    live.begin_run()
    live.begin_run()
    assert end_run(live) == 1


def test_equal_answer_with_other_attrs_is_new_after_a_gap() -> None:
    """Nobody knows whether attrs of this query were among those that changed."""
    live = answered()
    live.mark_stale(None)
    live.begin_run()
    assert end_run(live, attrs_version=1) == 1
    live.mark_stale(None)
    live.begin_run()
    assert end_run(live, attrs_version=1) == 0


def test_equal_answer_is_not_new_after_a_change_of_attrs_that_it_does_not_look_at() -> None:
    live = answered()
    change(live)
    live.begin_run()
    assert end_run(live, attrs_version=1) == 0
