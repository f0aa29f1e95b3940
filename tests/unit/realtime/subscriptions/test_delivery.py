"""What is bundled into one refresh, and what is not."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from realtime.sessions import Features, Session
from realtime.subscriptions import delivery
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.live_query import CurrentAnswer, LiveQuery, QueryKey, Subscription
from realtime.subscriptions.shapes import Shape
from triples.instaql.answer import Answer, Viewer
from triples.tenants import App
from wire.ids import new_id


class Nowhere:
    """`Transport` of a session whose frames are looked at before they leave."""

    async def send_text(self, text: str) -> None:
        """Never called."""

    async def close(self, code: int, reason: str) -> None:
        """Never called."""


class Watcher(Session):
    """A session for which new answers of several queries are ready; `sent` are its frames."""

    def __init__(self) -> None:
        super().__init__(Nowhere(), features=Features(skips_unchanged_attrs=True))
        self.app = AppState(App(new_id(), "app", "active", None, datetime.now(UTC), None))
        self.attrs_version = 0
        self.sent: list[Any] = []

    def send(self, frame: bytes) -> None:
        self.sent.append(json.loads(frame))

    def has_new(self, name: str, processed_tx_id: int) -> None:
        """An answer that shows the app up to a transaction."""
        assert self.app is not None
        key = QueryKey(json.dumps({name: {}}).encode(), True, frozenset(), Shape.JOIN_ROWS)
        live = LiveQuery(self.app, key, {name: {}}, Viewer(is_admin=True, user_id=None))
        answer = Answer(processed_tx_id, 0, "", "1:1:", b"[]", ())
        live.current, live.version = CurrentAnswer(key.query_json, answer), 2
        self.changed[key.query_json] = Subscription(
            self, live, new_id(), is_begun=True, sent_version=1
        )

    def messages(self) -> list[tuple[int, list[str]]]:
        """Each message's transaction, and the queries in it."""
        return [
            (
                frame["processed-tx-id"],
                [name for c in frame["computations"] for name in c["instaql-query"]],
            )
            for frame in self.sent
        ]


def test_answers_of_one_transaction_come_together() -> None:
    watcher = Watcher()
    watcher.has_new("todos", 7)
    watcher.has_new("goals", 7)
    delivery.flush(watcher)
    assert watcher.messages() == [(7, ["todos", "goals"])]


def test_no_answer_is_sent_under_an_older_transaction_than_it_shows() -> None:
    watcher = Watcher()
    watcher.has_new("todos", 9)
    watcher.has_new("goals", 7)
    watcher.has_new("people", 9)
    delivery.flush(watcher)
    assert watcher.messages() == [(7, ["goals"]), (9, ["todos", "people"])]


def test_query_without_an_answer_is_not_taken_for_sent() -> None:
    """Whatever became of it since it was queued, its session is owed its next answer."""
    watcher = Watcher()
    watcher.has_new("todos", 7)
    watcher.has_new("goals", 7)
    moved = next(iter(watcher.changed.values()))
    before = moved.live
    moved.live = LiveQuery(before.app, before.key, before.query, before.viewer)
    moved.live.subscriptions[moved] = None
    moved.sent_version = None

    delivery.flush(watcher)
    assert watcher.messages() == [(7, ["goals"])]

    moved.live.begin_run()
    moved.live.end_run(set())
    moved.live.accept(Answer(8, 0, "", "1:1:", b"[]", ()))
    delivery.deliver(moved.live)
    delivery.flush(watcher)
    assert watcher.messages() == [(7, ["goals"]), (8, ["todos"])]


class Moved(Watcher):
    """It was sent what 8 wrote, and is now of a query that is being answered, after 7 so far."""

    def __init__(self) -> None:
        super().__init__()
        self.has_new("todos", 7)
        (self.moved,) = self.changed.values()
        self.changed.clear()
        self.live = self.moved.live
        self.live.subscriptions[self.moved] = None
        self.subscriptions[self.live.key.query_json] = self.moved
        self.moved.sent_version, self.moved.sent_tx_id = None, 8
        self.live.begin_run()
        self.live.run = asyncio.create_task(asyncio.Event().wait())

    def is_answered(self, shown: int) -> None:
        self.live.run = None
        self.live.end_run(set())
        self.live.accept(Answer(shown, 0, "", "1:1:", b"[]", ()))
        delivery.deliver(self.live)


def test_query_that_moves_to_one_that_is_being_answered_is_sent_that_answer_alone() -> None:
    async def story() -> None:
        watcher = Moved()
        delivery.catch_up(watcher.moved)
        watcher.is_answered(9)
        assert watcher.messages() == [(9, ["todos"])]

    asyncio.run(story())


def test_query_that_moves_to_one_whose_run_began_too_early_is_sent_the_answer_of_the_next() -> None:
    async def story() -> None:
        watcher = Moved()
        delivery.catch_up(watcher.moved)
        watcher.is_answered(7)
        assert (watcher.messages(), watcher.live.stale) == ([], True)
        watcher.live.begin_run()
        watcher.is_answered(8)
        assert watcher.messages() == [(8, ["todos"])]

    asyncio.run(story())


def test_so_it_is_where_a_refused_write_asks_for_answers_again() -> None:
    async def story() -> None:
        watcher = Moved()
        delivery.resend(watcher, watcher.moved.sent_at, frozenset())
        watcher.is_answered(9)
        assert watcher.messages() == [(9, ["todos"])]

    asyncio.run(story())


class Writer(Watcher):
    """A session that watches `todos` and was sent the answer of transaction 7."""

    def __init__(self) -> None:
        super().__init__()
        self.has_new("todos", 7)
        (self.subscription,) = self.changed.values()
        self.live = self.subscription.live
        self.live.subscriptions[self.subscription] = None
        self.subscriptions[self.live.key.query_json] = self.subscription
        self.live.begin_run()
        delivery.flush(self)
        self.sent.clear()

    def is_answered_equally(self, shown: int, *touched_by: int) -> None:
        """The query runs once for these transactions, and nothing has changed."""
        for tx_id in touched_by:
            self.live.mark_stale(100 + tx_id, tx_id)
        self._run(shown)

    def is_answered_equally_after_a_gap(self, shown: int) -> None:
        self.live.mark_stale(None)
        self._run(shown)

    def _run(self, shown: int) -> None:
        self.live.begin_run()
        self.live.end_run(set())
        self.live.accept(Answer(shown, 0, "", "1:1:", b"[]", ()))
        delivery.deliver(self.live)


def test_writer_is_told_that_its_write_was_taken_back_before_the_query_ran() -> None:
    """Its client lays the write over the answer of 7 until it has one with a higher number."""
    writer = Writer()
    delivery.has_written(writer, 8)
    writer.is_answered_equally(9, 8, 9)
    assert writer.messages() == [(9, ["todos"])]


def test_writer_is_told_so_too_where_it_hears_of_its_own_write_last() -> None:
    writer = Writer()
    writer.is_answered_equally(9, 8, 9)
    assert writer.messages() == []
    delivery.has_written(writer, 8)
    assert writer.messages() == [(9, ["todos"])]


def test_writer_is_told_so_too_after_another_write_of_its_own() -> None:
    """The later one does not touch the query, so that no run will ever show it."""
    writer = Writer()
    delivery.has_written(writer, 8)
    delivery.has_written(writer, 10)
    writer.is_answered_equally(9, 8, 9)
    assert writer.messages() == [(9, ["todos"])]


def test_writer_is_told_so_too_where_nobody_knows_what_touched_the_query() -> None:
    writer = Writer()
    delivery.has_written(writer, 8)
    writer.is_answered_equally_after_a_gap(9)
    assert writer.messages() == [(9, ["todos"])]


def test_writer_of_very_much_is_told_so_too() -> None:
    writer = Writer()
    for tx_id in range(8, 1_008):
        delivery.has_written(writer, tx_id)
    writer.is_answered_equally(1_007, *range(8, 1_008))
    assert writer.messages() == [(1_007, ["todos"])]


def test_equal_answer_is_not_sent_to_whoever_wrote_nothing() -> None:
    writer = Writer()
    writer.is_answered_equally(9, 8, 9)
    assert writer.messages() == []


def test_equal_answer_is_not_sent_for_a_write_that_did_not_touch_the_query() -> None:
    writer = Writer()
    delivery.has_written(writer, 8)
    writer.is_answered_equally(9, 9)
    assert writer.messages() == []


def test_equal_answer_is_sent_again_once() -> None:
    writer = Writer()
    delivery.has_written(writer, 8)
    writer.is_answered_equally(9, 8, 9)
    writer.is_answered_equally(11, 10, 11)
    assert writer.messages() == [(9, ["todos"])]
