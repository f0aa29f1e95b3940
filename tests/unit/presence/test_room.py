"""Joining, leaving and saying something make a new room (realtime.md §7.1)."""

from __future__ import annotations

from typing import Any

import pytest

from presence.limits import Limits
from presence.room import ENTRY_OVERHEAD_BYTES, Room
from tests.unit.presence.entries import entries, entry
from wire.errors import ValidationFailed


def room_of(**said: Any) -> Room:
    return Room().changed(entries(**said).values(), [])


def said_in(room: Room) -> dict[str, Any]:
    return {peer_id: each.data for peer_id, each in room.entries.items()}


@pytest.mark.parametrize(
    ("room", "said"),
    [
        pytest.param(room_of().joined(entry("a", {"x": 1})), {"a": {"x": 1}}, id="given data"),
        pytest.param(room_of().joined(entry("a", None)), {"a": {}}, id="no data"),
        pytest.param(
            room_of(a={"x": 1}).joined(entry("a", {"x": 2})), {"a": {"x": 1}}, id="existing data"
        ),
        pytest.param(room_of(a={"x": 1}).said(entry("a", {"y": 2})), {"a": {"y": 2}}, id="set"),
        pytest.param(room_of(a={"x": 1}).said(entry("a", None)), {"a": {}}, id="set to null"),
        pytest.param(room_of(a={}, b={}).left("a"), {"b": {}}, id="left"),
        pytest.param(room_of(b={}).left("a"), {"b": {}}, id="left twice"),
    ],
)
def test_room_after_one_message(room: Room, said: dict[str, Any]) -> None:
    assert said_in(room) == said


def test_size_is_that_of_the_entries_whatever_came_before() -> None:
    room = room_of(a={"x": "long" * 50}, b={}).said(entry("a", {"x": 1})).left("b")

    assert room.size == room_of(a={"x": 1}).size == ENTRY_OVERHEAD_BYTES + len('{"x":1}')
    assert room.left("a").size == 0


SMALL = Limits(presence_bytes=20, room_peers=2, room_bytes=1_049, app_bytes=1_600)


@pytest.mark.parametrize(
    ("room", "peer_id", "data", "app_size", "message"),
    [
        pytest.param({}, "a", {"x": "y" * 20}, 0, "20 bytes", id="presence"),
        pytest.param({"a": {}, "b": {}}, "c", {}, 0, "2 peers", id="peers"),
        pytest.param({"a": {"x": "12345"}}, "b", {"x": "12345"}, 0, "1,049 bytes", id="room"),
        pytest.param({}, "a", {}, 1_500, "1,600 bytes", id="app"),
    ],
)
def test_limit_is_refused_with_its_number(
    room: dict[str, Any], peer_id: str, data: Any, app_size: int, message: str
) -> None:
    with pytest.raises(ValidationFailed, match=message) as refused:
        SMALL.check_entry(room_of(**room), entry(peer_id, data), app_size)
    assert refused.value.hint["data-type"] == "room"


def test_full_room_lets_its_peers_say_less_or_the_same() -> None:
    full = room_of(a={"x": "12"}, b={"x": "12345"})
    assert full.size > SMALL.room_bytes - 10

    SMALL.check_entry(full, entry("b", {"x": "1"}), SMALL.app_bytes)
    with pytest.raises(ValidationFailed):
        SMALL.check_entry(full, entry("a", {"x": "1234567890"}), 0)
