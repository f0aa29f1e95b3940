"""An event stream that nobody reads is ended, and nobody else notices (law 10)."""

from __future__ import annotations

import re
import time
import urllib.request

from tests.realtime.event_stream import event_stream
from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, HttpServer

CLOSE_SECONDS = 20.0
MEBIBYTE = 1024 * 1024
LARGE_QUERIES = 20
LARGE_CHANGES = 10
STREAMS = re.compile(r"^instant_sessions_sse ([0-9.]+)$", re.MULTILINE)


def test_stream_that_is_not_read_is_ended(server: HttpServer, app: App, ann: Peer) -> None:
    todos, big = Namespace.of("todos", "text"), new_id()
    ann.transact(*todos.add_attrs(), *todos.put(big, text="x" * MEBIBYTE))
    ann.ask("add-query", q={"todos": {}})
    with event_stream(server, app) as deaf:
        deaf.init()
        assert _streams(server) >= 1
        for number in range(LARGE_QUERIES):
            deaf.post({"op": "add-query", "q": {"todos": {}, f"n{number}": {}}})
        for number in range(LARGE_CHANGES):
            text = f"{number}" + "x" * MEBIBYTE
            ann.transact(*todos.put(big, text=text))
            ann.hear_where(lambda message, text=text: text in str(message), "the change")  # type: ignore[misc]
        deadline = time.monotonic() + CLOSE_SECONDS
        while _streams(server) > 0:
            assert time.monotonic() < deadline, "the stream is still open"
            time.sleep(0.05)
    assert ann.transact(*todos.put(new_id(), text="bread"))["op"] == "transact-ok"


def _streams(server: HttpServer) -> float:
    with urllib.request.urlopen(f"{server.http_url}/metrics", timeout=10) as answer:
        found = STREAMS.search(answer.read().decode())
    assert found is not None
    return float(found[1])
