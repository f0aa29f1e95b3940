"""Live queries of the admin SDKs, as their clients read them (realtime.md §13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.realtime.peer import WAIT_SECONDS, Message, Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, HttpServer

LOCAL_CONNECTION = "0d9a1c8e-6f3c-4f0e-9a51-018f0d9a1c8e"


class AdminStream:
    """An open stream; `lines` are those read so far."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines: list[str] = []
        self._coming = response.iter_lines()

    def next(self) -> Message:
        """The next event."""
        for line in self._coming:
            self.lines.append(line)
            if line.startswith("data:"):
                message: Message = json.loads(line.removeprefix("data:"))
                return message
        raise AssertionError("the stream ended")


@contextmanager
def stream(
    server: HttpServer, app: App, path: str, body: Any, **headers: str
) -> Iterator[AdminStream]:
    url = f"{server.http_url}/admin/{path}"
    known = {"app-id": app.id, "authorization": f"Bearer {app.admin_token}"} | headers
    with httpx.stream("POST", url, json=body, headers=known, timeout=WAIT_SECONDS) as response:
        yield AdminStream(response)


@pytest.fixture
def todos(ann: Peer) -> Namespace:
    namespace = Namespace.of("todos", "text")
    ann.transact(*namespace.add_attrs())
    return namespace


def test_query_is_answered_as_a_tree_and_kept_up_to_date(
    server: HttpServer, app: App, ann: Peer, todos: Namespace
) -> None:
    milk = new_id()
    path = f"subscribe-query?local_connection_id={LOCAL_CONNECTION}"
    with stream(server, app, path, {"query": {"todos": {"$": {"first": 1}}}}) as events:
        opening, first = events.next(), events.next()
        ann.transact(*todos.put(milk, text="milk"))
        second = events.next()

    assert events.response.headers["content-type"] == "text/event-stream"
    assert events.lines[0] == "retry: 500"
    assert opening["op"] == "sse-init"
    assert {"machine-id", "session-id", "sse-token"} <= opening.keys()
    assert (first["op"], first["result"]) == ("add-query-ok", {"todos": []})
    assert first["client-event-id"] == LOCAL_CONNECTION
    assert first["result-meta"]["page-info"]["todos"]["has-next-page?"] is False
    assert second["op"] == "refresh-ok"
    [computation] = second["computations"]
    assert computation["instaql-result"] == {"todos": [{"id": milk, "text": "milk"}]}
    assert computation["result-meta"]["page-info"]["todos"]["start-cursor"][0] == milk


def test_links_with_one_end_are_objects_where_the_schema_is_inferred(
    server: HttpServer, app: App
) -> None:
    steps = [
        ["update", "people", (ann := new_id()), {"name": "Ann"}],
        ["update", "todos", (milk := new_id()), {"text": "milk"}],
    ]
    headers = {"app-id": app.id, "authorization": f"Bearer {app.admin_token}"}
    schema = {
        "entities": {"people": {"attrs": {}}, "todos": {"attrs": {}}},
        "links": {
            "owners": {
                "forward": {"on": "todos", "has": "one", "label": "owner"},
                "reverse": {"on": "people", "has": "many", "label": "todos"},
            }
        },
    }
    url = f"{server.http_url}/dash/apps/{app.id}/schema/push/apply"
    pushed = httpx.post(url, json={"schema": schema}, headers=headers, timeout=WAIT_SECONDS)
    assert pushed.status_code == 200, pushed.text
    steps.append(["link", "todos", milk, {"owner": ann}])
    url = f"{server.http_url}/admin/transact"
    assert httpx.post(url, json={"steps": steps}, headers=headers).status_code == 200

    results = []
    for inference in (True, False):
        body: dict[str, Any] = {"query": {"todos": {"owner": {}}}, "inference?": inference}
        with stream(server, app, "subscribe-query", body) as events:
            events.next()
            results.append(events.next()["result"]["todos"][0]["owner"])

    assert results == [{"id": ann, "name": "Ann"}, [{"id": ann, "name": "Ann"}]]


def test_query_that_cannot_be_answered_is_an_error_on_the_stream(
    server: HttpServer, app: App
) -> None:
    with stream(server, app, "subscribe-query", {"query": {"todos": 7}}) as events:
        events.next()
        error = events.next()

    assert (error["op"], error["status"], error["type"]) == ("error", 400, "validation-failed")
    assert error["original-event"]["op"] == "add-query"


@pytest.mark.parametrize(
    ("body", "headers", "refusal"),
    [
        pytest.param({}, {}, "param-missing", id="no query"),
        pytest.param({"query": 1}, {}, "param-malformed", id="query that is no object"),
        pytest.param(
            {"query": {}}, {"authorization": f"Bearer {new_id()}"}, "record-not-found", id="secret"
        ),
        pytest.param({"query": {}}, {"as-token": new_id()}, "record-not-found", id="no such user"),
        pytest.param({"query": {}}, {"app-id": "x"}, "param-malformed", id="app that is no id"),
    ],
)
def test_request_that_is_refused_gets_an_error_and_no_stream(
    server: HttpServer, app: App, body: Any, headers: dict[str, str], refusal: str
) -> None:
    with stream(server, app, "subscribe-query", body, **headers) as events:
        events.response.read()

    assert events.response.status_code == 400
    assert events.response.json()["type"] == refusal


def test_messages_can_be_pushed_to_a_stream(
    server: HttpServer, app: App, other_app: App, todos: Namespace
) -> None:
    with stream(server, app, "sse", {"inference?": False}) as events:
        opening = events.next()
        push = {
            "machine_id": opening["machine-id"],
            "session_id": opening["session-id"],
            "sse_token": opening["sse-token"],
            "messages": [{"op": "add-query", "q": {"todos": {}}, "return-type": "tree"}],
        }
        url = f"{server.http_url}/admin/sse/push?app_id="
        strangers = httpx.post(url + other_app.id, json=push, timeout=WAIT_SECONDS)
        own = httpx.post(url + app.id, json=push, timeout=WAIT_SECONDS)
        reply = events.next()

    assert (strangers.status_code, strangers.json()["type"]) == (400, "session-missing")
    assert (own.status_code, own.json()) == (200, {})
    assert (reply["op"], reply["result"]) == ("add-query-ok", {"todos": []})
