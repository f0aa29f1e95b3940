"""`GET /metrics` says what a conversation did."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable

from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import HttpServer

VALUE = re.compile(r"^(instant_[a-z_]+(?:\{[^}]*\})?) ([0-9.e+]+)$", re.MULTILINE)


def test_conversation_shows_in_the_metrics(server: HttpServer, join: Callable[[], Peer]) -> None:
    before = _metrics(server)
    ann, bob, todos = join(), join(), Namespace.of("todos", "text", "other")
    ann.transact(*todos.add_attrs())
    for peer in (ann, bob):
        peer.ask("add-query", q={"todos": {"$": {"fields": ["text"]}}})
    ann.transact(*todos.put(new_id(), text="milk"))
    for peer in (ann, bob):
        peer.hear_where(lambda message: bool(message.get("computations")), "the todo")
    after = _metrics(server)

    # Sessions of the test before may just be leaving, so gauges have no exact difference.
    assert after["instant_sessions"] >= 2
    assert after["instant_subscriptions"] >= 2
    assert after["instant_live_queries"] >= 1
    assert after["instant_refreshes_sent_total"] - before["instant_refreshes_sent_total"] == 2
    writes = 'instant_op_seconds_count{op="transact"}'
    assert after[writes] - before.get(writes, 0.0) == 2
    assert after["instant_feed_live"] == 1


def _metrics(server: HttpServer) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.http_url}/metrics", timeout=10) as answer:
        return {name: float(value) for name, value in VALUE.findall(answer.read().decode())}
