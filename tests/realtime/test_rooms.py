"""Rooms, message by message (realtime.md §7 and §14.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from tests.realtime.peer import Message, Peer, SocketServer
from tests.sdk.apps import App

ROOM = "r1"
TOPIC = "emoji"


class Server(SocketServer, Protocol):
    """A server with a database that tests may reach."""

    database_url: str


@pytest.fixture
def ann_id(ann: Peer) -> str:
    return session_id(ann)


@pytest.fixture
def bob_id(bob: Peer) -> str:
    return session_id(bob)


def session_id(peer: Peer) -> str:
    [init_ok] = [message for message in peer.messages if message["op"] == "init-ok"]
    return str(init_ok["session-id"])


def enter(peer: Peer, data: Any = None, room: str = ROOM) -> dict[str, Any]:
    """Join a room; everybody in it, as the newcomer is told."""
    given = {} if data is None else {"data": data}
    assert peer.ask("join-room", room_type="chat", room_id=room, **given)["op"] == "join-room-ok"
    return dict(peer.hear("refresh-presence")["data"])


def say(peer: Peer, data: Any) -> Message:
    return peer.ask("set-presence", room_id=ROOM, data=data)


def shown(peer_id: str, data: Any) -> dict[str, Any]:
    return {"peer-id": peer_id, "user": None, "data": data}


def edits(peer: Peer) -> Any:
    return peer.hear("patch-presence")["edits"]


def test_two_meet_say_something_and_part(ann: Peer, bob: Peer, ann_id: str, bob_id: str) -> None:
    event = ann.say("join-room", room_type="chat", room_id=ROOM, data={"name": "ann"})
    joined = ann.hear("join-room-ok")
    assert joined == {"op": "join-room-ok", "room-id": ROOM, "client-event-id": event}
    assert ann.hear("refresh-presence") == {
        "op": "refresh-presence",
        "room-id": ROOM,
        "data": {ann_id: shown(ann_id, {"name": "ann"})},
    }
    assert say(ann, {"name": "ann"})["op"] == "set-presence-ok"

    assert enter(bob) == {
        ann_id: shown(ann_id, {"name": "ann"}),
        bob_id: shown(bob_id, {}),
    }
    assert edits(ann) == [[[bob_id], "+", shown(bob_id, {})]]

    say(bob, {"name": "bob", "typing": True})
    assert edits(ann) == [
        [[bob_id, "data", "name"], "+", "bob"],
        [[bob_id, "data", "typing"], "+", True],
    ]
    say(bob, {"name": "bob"})
    assert edits(ann) == [[[bob_id, "data", "typing"], "-"]]
    say(bob, {})
    assert edits(ann) == [[[bob_id, "data"], "r", {}]]

    assert bob.ask("leave-room", room_id=ROOM)["op"] == "leave-room-ok"
    assert edits(ann) == [[[bob_id], "-"]]
    assert bob.ask("leave-room", room_id=ROOM)["op"] == "leave-room-ok"


def test_broadcast_reaches_the_others_and_not_its_sender(
    ann: Peer, bob: Peer, ann_id: str, join: Callable[[], Peer]
) -> None:
    outside = join()
    enter(ann)
    enter(bob)
    enter(outside, room="another")

    said = ann.ask("client-broadcast", room_id=ROOM, roomType="chat", topic=TOPIC, data={"e": "🎉"})

    payload = {"peer-id": ann_id, "user": None, "data": {"e": "🎉"}}
    assert (said["op"], said["topic"], said["data"]) == ("client-broadcast-ok", TOPIC, payload)
    assert bob.hear("server-broadcast") == {
        "op": "server-broadcast",
        "room-id": ROOM,
        "topic": TOPIC,
        "data": payload,
    }
    for silent in (ann, outside):
        assert [m for m in silent.fence() if m["op"] == "server-broadcast"] == []


def test_broadcasts_arrive_in_order_and_all_of_them(ann: Peer, bob: Peer) -> None:
    enter(ann)
    enter(bob)

    for n in range(700):
        ann.say("client-broadcast", room_id=ROOM, topic=TOPIC, data=n)

    heard = [bob.hear("server-broadcast")["data"]["data"] for _ in range(700)]
    assert heard == list(range(700))


def test_burst_costs_peers_few_patches_and_ends_with_the_newest(
    ann: Peer, bob: Peer, bob_id: str
) -> None:
    enter(ann)
    enter(bob)
    edits(ann)

    events = {bob.say("set-presence", room_id=ROOM, data={"n": n}) for n in range(500)}
    patches: list[Any] = []
    while not patches or patches[-1][-1][-1] != 499:
        patches.append(edits(ann))

    assert len(patches) < 250
    replies = [bob.hear("set-presence-ok")["client-event-id"] for _ in range(500)]
    assert set(replies) == events
    assert [m for m in ann.fence() if m["op"] == "patch-presence"] == []


def test_socket_that_closes_leaves_its_rooms(ann: Peer, dial: Callable[[], Peer], app: App) -> None:
    carl = dial()
    carl.init(app.id)
    enter(ann)
    enter(carl)
    edits(ann)

    carl.socket.close()

    assert edits(ann) == [[[session_id(carl)], "-"]]


def test_session_that_left_hears_nothing_more(ann: Peer, bob: Peer) -> None:
    enter(ann)
    enter(bob)
    bob.ask("leave-room", room_id=ROOM)
    bob.fence()

    say(ann, {"n": 1})
    ann.ask("client-broadcast", room_id=ROOM, topic=TOPIC, data=1)

    assert bob.fence() == []


def test_joining_again_keeps_what_is_said_and_tells_everybody_again(ann: Peer, ann_id: str) -> None:
    enter(ann, {"name": "ann"})
    assert enter(ann, {"name": "other"}) == {ann_id: shown(ann_id, {"name": "ann"})}


def test_rooms_of_two_apps_are_two_rooms(
    ann: Peer, dial: Callable[[], Peer], other_app: App
) -> None:
    stranger = dial()
    stranger.init(other_app.id)
    enter(ann, {"secret": "canary"})

    assert list(enter(stranger)) == [session_id(stranger)]
    assert "canary" not in str(stranger.messages)


@pytest.mark.parametrize("data", [None, {}], ids=["null", "nothing"])
def test_null_presence_is_shown_as_nothing(ann: Peer, bob: Peer, bob_id: str, data: Any) -> None:
    enter(ann)
    enter(bob, {"x": 1})
    edits(ann)

    say(bob, data)

    assert edits(ann) == [[[bob_id, "data"], "r", {}]]


@pytest.mark.parametrize(
    ("op", "fields", "type", "hint"),
    [
        pytest.param("join-room", {}, "param-missing", {"in": ["room-id"]}, id="no room"),
        pytest.param(
            "join-room",
            {"room_id": 7},
            "param-malformed",
            {"in": ["room-id"], "original-input": 7},
            id="room is a number",
        ),
        pytest.param(
            "client-broadcast",
            {"room_id": ROOM},
            "param-missing",
            {"in": ["topic"]},
            id="no topic",
        ),
        pytest.param("leave-room", {}, "param-missing", {"in": ["room-id"]}, id="leave nothing"),
    ],
)
def test_message_without_what_it_needs_is_refused(
    ann: Peer, op: str, fields: dict[str, Any], type: str, hint: dict[str, Any]
) -> None:
    refusal = ann.ask(op, **fields)

    assert (refusal["op"], refusal["type"], refusal["status"]) == ("error", type, 400)
    assert refusal["hint"] == hint


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("set-presence", {"data": {"x": 1}}),
        ("client-broadcast", {"topic": TOPIC, "data": 1}),
    ],
)
def test_speaking_in_a_room_one_has_not_joined_is_refused(
    ann: Peer, op: str, fields: dict[str, Any]
) -> None:
    refusal = ann.ask(op, room_id=ROOM, **fields)
    enter(ann)
    accepted = ann.ask(op, room_id=ROOM, **fields)

    assert (refusal["type"], refusal["hint"]["data-type"]) == ("validation-failed", "room")
    assert accepted["op"] == f"{op}-ok"


def test_room_op_before_init_is_refused(stranger: Peer) -> None:
    refusal = stranger.ask("join-room", room_id=ROOM)
    assert (refusal["type"], refusal["hint"]["data-type"]) == ("validation-failed", "init")


def test_presence_that_is_too_large_is_refused_and_the_one_before_stands(
    ann: Peer, bob: Peer, bob_id: str
) -> None:
    enter(ann)
    enter(bob)
    edits(ann)

    said = bob.say("set-presence", room_id=ROOM, data={"n": 1})
    refused = bob.say("set-presence", room_id=ROOM, data={"n": "x" * 70_000})

    assert bob.hear("set-presence-ok", said)
    refusal = bob.hear("error", refused)
    assert "65,536 bytes" in refusal["message"]
    assert edits(ann) == [[[bob_id, "data", "n"], "+", 1]]


def test_join_that_is_refused_is_the_rooms_error_as_well(ann: Peer) -> None:
    event = ann.say("join-room", room_id=ROOM, data={"x": "y" * 70_000})

    refusal = ann.hear("error", event)
    assert ann.hear("join-room-error") == {
        "op": "join-room-error",
        "room-id": ROOM,
        "error": refusal["message"],
    }


def test_disabled_app_lets_nobody_in(server: Server, ann: Peer, bob: Peer, app: App) -> None:
    import psycopg

    enter(bob)
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        conn.execute("update apps set status = 'disabled' where id = %s", [app.id])
    ann.hear("app-status-changed")

    refusal = ann.ask("join-room", room_id=ROOM)

    assert (refusal["type"], refusal["hint"]) == ("app-disabled", {"status": "disabled"})
    assert bob.ask("leave-room", room_id=ROOM)["op"] == "leave-room-ok"
