"""Frames that no client should send: each gets a documented answer, and the socket lives on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.realtime.peer import WAIT_SECONDS, Peer

MEBIBYTE = 1024 * 1024
LONE_SURROGATE = "\\ud83d"


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="cut short"),
        pytest.param("hello", id="not JSON"),
        pytest.param('{"op":"add-query"} trailing', id="trailing text"),
        pytest.param('{"op":"transact","tx-steps":NaN}', id="NaN"),
        pytest.param("[" * 100_000, id="deep nesting"),
        pytest.param('{"op":"add-query","q":' + '{"a":' * 300 + "{}" + "}" * 301, id="too deep"),
        pytest.param('{"op":"transact","tx-steps":' + "[" * 300 + "]" * 300 + "}", id="deep steps"),
        pytest.param('{"op":"transact","tx-steps":[' + "[]," * 500_000 + "1]}", id="many lists"),
        pytest.param('{"op":"transact","tx-steps":[' + "{}," * 500_000 + "1]}", id="many objects"),
        pytest.param('{"op":"transact","tx-steps":[' + "1," * 1_000_000, id="long and cut short"),
        pytest.param("null", id="null"),
        pytest.param("7", id="number"),
        pytest.param('"init"', id="text"),
        pytest.param('[{"op":"add-query","q":{"todos":{}}}]', id="array of messages"),
        pytest.param("{}", id="no op"),
        pytest.param('{"op":7}', id="op that is a number"),
        pytest.param('{"op":null}', id="op that is null"),
        pytest.param(b"\xff\xfe", id="binary that is not UTF-8"),
    ],
)
def test_unreadable_frame_is_refused_and_the_socket_lives_on(ann: Peer, frame: str | bytes) -> None:
    ann.say_text(frame)
    refusal = ann.hear("error")

    assert refusal["status"] == 400
    assert refusal["type"] in ("param-malformed", "param-missing", "validation-failed")
    assert ann.ask("add-query", q={"todos": {}})["op"] == "add-query-ok"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(f'{{"todos":{{"$":{{"where":{{"text":"{LONE_SURROGATE}"}}}}}}}}', id="half"),
        pytest.param('{"a":' * 300 + "{}" + "}" * 300, id="deep"),
        pytest.param('{"a":' * 800 + "{}" + "}" * 800, id="very deep"),
    ],
)
def test_query_that_cannot_be_asked_is_refused_to_its_subscribers(ann: Peer, query: str) -> None:
    ann.say_text(f'{{"op":"add-query","client-event-id":"e1","q":{query}}}')
    refusal = ann.hear("error")

    assert (refusal["type"], refusal["status"]) == ("validation-failed", 400)
    assert refusal["original-event"]["q"] == json.loads(query)


def test_binary_frame_with_json_is_read(ann: Peer) -> None:
    ann.say_text(b'{"op":"add-query","client-event-id":"e1","q":{"todos":{}}}')

    assert ann.hear("add-query-ok", "e1")


@pytest.mark.parametrize(
    "op",
    [
        pytest.param("make-coffee", id="nonsense"),
        pytest.param("", id="empty"),
        pytest.param("refresh", id="internal refresh"),
        pytest.param("refresh-presence", id="internal refresh-presence"),
        pytest.param("refresh-sync-table", id="internal refresh-sync-table"),
        pytest.param("server-broadcast", id="internal server-broadcast"),
        pytest.param("error", id="internal error"),
    ],
)
def test_unknown_and_internal_ops_are_refused_alike(ann: Peer, op: str) -> None:
    refusal = ann.ask(op)

    assert (refusal["op"], refusal["type"], refusal["status"]) == ("error", "param-malformed", 400)
    assert refusal["hint"] == {"op": op}
    assert refusal["original-event"]["op"] == op


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(
            f'{{"op":"add-query","client-event-id":"e1","q":{{"a{LONE_SURROGATE}":{{}}}}}}',
            id="half a character in a query",
        ),
        pytest.param(
            f'{{"op":"transact","client-event-id":"e1","tx-steps":[["{LONE_SURROGATE}"]]}}',
            id="half a character in a write",
        ),
        pytest.param(
            f'{{"op":"transact","client-event-id":"e1","tx-steps":{"[" * 2_000}{"]" * 2_000}}}',
            id="write deeper than a parser reads",
        ),
    ],
)
def test_frame_that_cannot_be_stored_is_refused_by_name(ann: Peer, message: str) -> None:
    ann.say_text(message)
    refusal = ann.hear("error", "e1")

    assert (refusal["type"], refusal["status"]) == ("validation-failed", 400)
    assert ann.transact()["op"] == "transact-ok"


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="null"),
        pytest.param(7, id="number"),
        pytest.param({"a": 1}, id="object"),
        pytest.param("x" * 10_000, id="long text"),
    ],
)
def test_event_id_is_opaque(ann: Peer, event: Any) -> None:
    ann.say_text(json.dumps({"op": "transact", "client-event-id": event, "tx-steps": []}))

    assert ann.hear("transact-ok").get("client-event-id") == event


def test_frame_beyond_the_limit_is_refused_and_others_do_not_notice(
    ann: Peer, bob: Peer, join: Callable[[], Peer]
) -> None:
    """The server may answer with an error or close with 1009; it may not swallow it (§1.4)."""
    assert _answer_to(ann, json.dumps({"op": "x", "q": "x" * (33 * MEBIBYTE)})) in (
        "param-malformed",
        "closed with 1009",
        "closed without a code",  # what was still under way swept the close frame away
    )
    assert bob.transact()["op"] == "transact-ok"
    assert join().transact()["op"] == "transact-ok"


def _answer_to(peer: Peer, frame: str) -> str:
    """An error's type, or how the connection ended."""
    try:
        peer.say_text(frame)
        return str(json.loads(peer.socket.recv(timeout=WAIT_SECONDS))["type"])
    except ConnectionClosed as closed:
        return f"closed with {closed.rcvd.code}" if closed.rcvd else "closed without a code"


def test_error_does_not_send_a_large_write_back(ann: Peer) -> None:
    steps = [["nonsense", "x" * MEBIBYTE]]

    refusal = ann.ask("transact", tx_steps=steps)

    assert refusal["op"] == "error"
    assert len(json.dumps(refusal)) < MEBIBYTE / 2
