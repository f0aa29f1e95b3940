"""What clients of the published SDK see of each other in a room."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.apps import App, HttpServer
from tests.sdk.core_clients import CoreClient
from tests.sdk.room_clients import Visit, enter

Connect = Callable[[str], CoreClient]
ROOM = "room"


@pytest.fixture
def ann(connect: Connect) -> Visit:
    return entered(connect("ann"), {"name": "ann"})


@pytest.fixture
def bob(connect: Connect) -> Visit:
    return entered(connect("bob"), {"name": "bob"})


def entered(client: CoreClient, data: dict[str, Any], **options: Any) -> Visit:
    visit = enter(client, ROOM, data, **options)
    visit.wait_for_other_session(None)
    return visit


def only(visit: Visit, data: Any) -> dict[str, Any]:
    """The peers that somebody shows who is in a room with this visitor alone."""
    assert visit.session is not None
    return {visit.session: data}


def test_peers_see_each_other(ann: Visit, bob: Visit) -> None:
    ann.wait_for_peers(only(bob, {"name": "bob"}))
    bob.wait_for_peers(only(ann, {"name": "ann"}))


@pytest.mark.parametrize(
    ("data", "without"),
    [
        pytest.param({"typing": True}, [], id="new key"),
        pytest.param({"name": None}, [], id="null"),
        pytest.param({}, ["name"], id="last key gone"),
        pytest.param({"n": 1}, ["name"], id="only key replaced by another"),
        pytest.param({"list": []}, [], id="empty list"),
        pytest.param({"nested": {}}, [], id="empty object"),
        pytest.param({"0": "zero", "": "nothing"}, [], id="odd keys"),
        pytest.param({"text": "é\u0000🎉"}, [], id="odd text"),
    ],
)
def test_peer_sees_what_is_published(
    ann: Visit, bob: Visit, data: dict[str, Any], without: list[str]
) -> None:
    bob.publish(data, without)

    said = {key: value for key, value in {"name": "bob", **data}.items() if key not in without}
    ann.wait_for_peers(only(bob, said))


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([{"list": [1]}, {"list": []}, {"list": [2, 3]}], id="last element goes"),
        pytest.param([{"x": {"y": 1}}, {"x": {}}, {"x": 1}], id="last nested key goes"),
        pytest.param([{"x": 1}, {"x": True}, {"x": 0}, {"x": False}], id="numbers and booleans"),
    ],
)
def test_peer_follows_every_step(ann: Visit, bob: Visit, steps: list[dict[str, Any]]) -> None:
    for data in steps:
        bob.publish(data, ["name"])
        ann.wait_for_peers(only(bob, data))


def test_peer_that_leaves_vanishes(ann: Visit, bob: Visit) -> None:
    ann.wait_for_peers(only(bob, {"name": "bob"}))
    bob.leave()
    ann.wait_for_peers({})


def test_peer_whose_line_is_cut_comes_back_as_another_session(ann: Visit, bob: Visit) -> None:
    bob.publish({"n": 1})
    ann.wait_for_peers(only(bob, {"name": "bob", "n": 1}))

    before = bob.session
    bob.client.cut()
    bob.wait_for_other_session(before)

    ann.wait_for_peers(only(bob, {"name": "bob", "n": 1}))
    bob.wait_for_peers(only(ann, {"name": "ann"}))


def test_topic_reaches_the_others_in_order(connect: Connect) -> None:
    ann = entered(connect("ann"), {}, topics=["emoji"])
    bob = entered(connect("bob"), {}, topics=["emoji", "other"])

    for n in range(50):
        ann.broadcast("emoji", {"n": n})
    bob.broadcast("emoji", "back")

    bob.wait_until_heard(*(("emoji", {"n": n}) for n in range(50)))
    ann.wait_until_heard(("emoji", "back"))


def test_broadcast_before_the_room_is_joined_is_not_lost(connect: Connect) -> None:
    bob = entered(connect("bob"), {}, topics=["emoji"])
    ann = enter(connect("ann"), ROOM, {})

    ann.broadcast("emoji", "early")

    bob.wait_until_heard(("emoji", "early"))


def test_room_that_cannot_be_joined_says_so(connect: Connect) -> None:
    visit = enter(connect("ann"), ROOM, {"x": "y" * 70_000})

    visit.client.process.wait_until(lambda: visit.error is not None, "the room's error")
    assert "65,536 bytes" in str(visit.error)


def test_admin_sees_who_is_in_a_room(server: HttpServer, app: App, ann: Visit) -> None:
    import json

    def look(room: str) -> Any:
        request = urllib.request.Request(
            f"{server.http_url}/admin/rooms/presence?room-type=room&room-id={room}",
            headers={"app-id": app.id, "authorization": f"Bearer {app.admin_token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["sessions"]

    [(session, entry)] = look(ROOM).items()
    assert session == entry["peer-id"] == ann.session
    assert (entry["data"], entry["user"]) == ({"name": "ann"}, None)
    assert entry["instance-id"]
    assert look("another") == {}
