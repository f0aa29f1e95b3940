"""The socket's conversation over server-sent events and posts (realtime.md §1.3, checklist 12)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.realtime.event_stream import EventStream, event_stream, sse_url
from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, HttpServer

GHOST = str(uuid.uuid4())


@pytest.fixture
def cleo(server: HttpServer, app: App) -> Iterator[EventStream]:
    """A client that could not open a WebSocket."""
    with event_stream(server, app) as stream:
        yield stream


def test_stream_opens_as_clients_require(cleo: EventStream) -> None:
    headers = cleo.response.headers

    assert cleo.response.status_code == 200
    assert headers["content-type"] == "text/event-stream"
    assert "no-cache" in headers["cache-control"]
    assert headers["x-accel-buffering"] == "no"


def test_session_over_events_is_a_session_like_any_other(cleo: EventStream, bob: Peer) -> None:
    todos, milk = Namespace.of("todos", "text"), new_id()
    ready = cleo.init()
    assert ready["session-id"] == cleo.opening["session-id"]
    cleo.post({"op": "add-query", "q": {"todos": {}}})
    assert todos.rows(cleo.hear("add-query-ok")["result"]) == {}

    bob.transact(*todos.add_attrs(), *todos.put(milk, text="milk"))
    while not (refresh := cleo.hear("refresh-ok"))["computations"]:
        pass  # attrs may come first, alone
    [computation] = refresh["computations"]
    assert todos.rows(computation["instaql-result"])[milk]["text"] == "milk"

    cleo.post({"op": "transact", "tx-steps": todos.put(milk, text="oat milk")})
    assert cleo.hear("transact-ok")["tx-id"] > 1


def test_posted_messages_are_handled_in_order(cleo: EventStream) -> None:
    cleo.init()
    posted = cleo.post(*({"op": "transact", "tx-steps": [], "client-event-id": n} for n in "abc"))

    assert (posted.status_code, posted.json()) == (200, {})
    assert [cleo.hear("transact-ok")["client-event-id"] for _ in "abc"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('"\\ud83d"', id="half a character"),
        pytest.param("[" * 300 + "]" * 300, id="deep"),
        pytest.param("[" * 1_020 + "]" * 1_020, id="as deep as a parser reads"),
        pytest.param("[" * 2_000 + "]" * 2_000, id="deeper than any parser reads"),
        pytest.param("[" * 900 + '"\\ud83d"' + "]" * 900, id="half a character, deep"),
    ],
)
def test_message_that_cannot_be_stored_is_refused_and_the_others_are_handled(
    cleo: EventStream, value: str
) -> None:
    """A post that is refused as a whole is sent again at once, for as long as the page is open."""
    cleo.init()
    bad = f'{{"op":"transact","client-event-id":"bad","tx-steps":[["add-triple",{value}]]}}'
    posted = cleo.post_text(bad, '{"op":"transact","client-event-id":"good","tx-steps":[]}')

    assert (posted.status_code, posted.json()) == (200, {})
    refusal = cleo.hear("error")
    assert (refusal["client-event-id"], refusal["type"]) == ("bad", "validation-failed")
    assert cleo.hear("transact-ok")["client-event-id"] == "good"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        pytest.param({"sse_token": GHOST}, "session-missing", id="wrong token"),
        pytest.param({"session_id": GHOST}, "session-missing", id="unknown session"),
        pytest.param({"machine_id": GHOST}, "member-missing", id="unknown process"),
        pytest.param({"sse_token": None}, "param-missing", id="no token"),
        pytest.param({"session_id": None}, "param-missing", id="no session"),
        pytest.param({"machine_id": None}, "param-missing", id="no process"),
        pytest.param({"session_id": "me"}, "param-malformed", id="session that is no id"),
        pytest.param({"messages": "hello"}, "param-malformed", id="messages that are text"),
    ],
)
def test_post_that_does_not_belong_to_the_stream_is_refused(
    cleo: EventStream, changed: dict[str, object], refusal: str
) -> None:
    posted = cleo.post({"op": "transact", "tx-steps": []}, **changed)

    assert (posted.status_code, posted.json()["type"]) == (400, refusal)
    assert cleo.init()["op"] == "init-ok", "the stream itself lives on"


def test_post_after_the_stream_was_closed_is_refused(server: HttpServer, app: App) -> None:
    with event_stream(server, app) as stream:
        stream.init()

    while (posted := stream.post()).status_code == 200:
        pass  # the server learns of it when it next looks

    assert posted.json()["type"] == "session-missing"


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        pytest.param("", "param-missing", id="no app"),
        pytest.param("?app_id=todo", "param-malformed", id="app that is no id"),
    ],
)
def test_stream_for_no_app_is_refused(server: HttpServer, query: str, refusal: str) -> None:
    response = httpx.get(f"{server.http_url}/runtime/sse{query}")

    assert (response.status_code, response.json()["type"]) == (400, refusal)


def test_pages_of_any_site_may_post(server: HttpServer, app: App) -> None:
    response = httpx.options(
        sse_url(server, app),
        headers={
            "origin": "https://example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        },
    )

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert "content-type" in response.headers["access-control-allow-headers"]
