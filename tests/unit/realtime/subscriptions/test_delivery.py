"""What is bundled into one refresh, and what is not."""

from __future__ import annotations

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
        self.changed[key.query_json] = Subscription(self, live, new_id(), sent_version=1)

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
