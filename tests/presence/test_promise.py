"""What rooms promise, in memory and in Redis (presence/promise.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from presence.limits import Limits
from presence.promise import Rooms
from tests.presence.conftest import OpenRooms
from tests.presence.guest import APP, OTHER_APP, Guest
from tests.until import until
from wire import ids
from wire.errors import ValidationFailed

Story = Callable[[Rooms, str], Awaitable[None]]


def play(open_rooms: OpenRooms, story: Story, **options: Any) -> None:
    """Run a story in a room that no other test uses."""

    async def played() -> None:
        async with open_rooms(**options) as rooms:
            await story(rooms, ids.new_id())

    asyncio.run(played())


def test_newcomer_is_told_everybody_and_the_others_only_the_newcomer(
    open_rooms: OpenRooms,
) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        rooms.join(APP, room, ann, None, {"n": 1})
        await ann.until(lambda: ann.views[room] == {"ann": {"n": 1}}, "itself")
        rooms.join(APP, room, bob, {"id": "u1", "email": "bob@example.com"}, None)
        await bob.shows(room, ann={"n": 1})
        await ann.shows(room, bob={})

        assert ann.ops() == ["refresh-presence", "patch-presence"]
        assert bob.ops() == ["refresh-presence"]
        assert ann.messages[-1]["edits"][0][2]["user"] == {"id": "u1"}

    play(open_rooms, story)


def test_others_see_what_is_said_and_who_leaves(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, bob, None, None)
        said: list[Any] = [{"x": 1, "y": 2}, {"y": 2}, {}, {"list": []}, {"x": {"deep": None}}]
        for data in said:
            rooms.set_presence(APP, room, "bob", data)
            await ann.shows(room, bob=data)
        rooms.leave(APP, room, "bob")
        await ann.shows(room)

    play(open_rooms, story)


def test_sender_hears_nothing_of_itself(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, bob, None, None)
        await bob.shows(room, ann={})
        rooms.set_presence(APP, room, "bob", {"x": 1})
        rooms.broadcast(APP, room, "bob", "topic", "hi")
        await ann.until(lambda: ann.heard == ["hi"], "a broadcast")

        assert bob.ops() == ["refresh-presence"]

    play(open_rooms, story)


def test_burst_is_one_patch_with_the_newest_state(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, bob, None, None)
        await ann.shows(room, bob={})
        before = len(ann.messages)
        for n in range(100):
            rooms.set_presence(APP, room, "bob", {"n": n})
        await ann.shows(room, bob={"n": 99})

        assert len(ann.messages) - before == 1

    play(open_rooms, story)


def test_who_comes_and_goes_between_two_flushes_is_not_mentioned(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob, carl = Guest("ann"), Guest("bob"), Guest("carl")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, carl, None, None)
        await ann.shows(room, carl={})
        rooms.join(APP, room, bob, None, {"n": 1})
        rooms.leave(APP, room, "bob")
        rooms.set_presence(APP, room, "carl", {"n": 1})
        await ann.shows(room, carl={"n": 1})

        assert "bob" not in str(ann.frames)

    play(open_rooms, story)


def test_broadcasts_of_a_moment_are_one_frame_in_order(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, bob, None, None)
        await ann.shows(room, bob={})
        before = len(ann.frames)
        for n in range(1_200):
            rooms.broadcast(APP, room, "bob", "topic", n)
        rooms.broadcast(APP, room, "ann", "topic", "mine")
        await ann.until(lambda: len(ann.heard) == 1_200, "all broadcasts")
        await bob.until(lambda: bob.heard == ["mine"], "the other's broadcast")

        assert ann.heard == list(range(1_200))
        assert len(ann.frames) - before == 3, "500, 500 and 200"

    play(open_rooms, story)


def test_slow_reader_is_told_everybody_once_it_has_caught_up(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob, slow = Guest("ann"), Guest("bob"), Guest("slow")
        for guest in (ann, bob, slow):
            rooms.join(APP, room, guest, None, None)
        await slow.shows(room, ann={}, bob={})
        slow.is_behind = True
        for n in range(3):
            rooms.set_presence(APP, room, "bob", {"n": n})
            await ann.shows(room, bob={"n": n}, slow={})
        assert slow.ops() == ["refresh-presence"]
        slow.is_behind = False
        await slow.shows(room, ann={}, bob={"n": 2})

        assert slow.ops() == ["refresh-presence", "refresh-presence"]

    play(open_rooms, story)


def test_session_that_ends_leaves_all_its_rooms(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        for name in (room, f"{room} too"):
            rooms.join(APP, name, ann, None, None)
            rooms.join(APP, name, bob, None, None)
            await ann.shows(name, bob={})
        rooms.leave_all("bob")
        for name in (room, f"{room} too"):
            await ann.shows(name)

    play(open_rooms, story)


def test_same_room_id_in_another_app_is_another_room(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, stranger = Guest("ann"), Guest("stranger")
        rooms.join(APP, room, ann, None, {"secret": "canary"})
        rooms.join(OTHER_APP, room, stranger, None, None)
        rooms.broadcast(APP, room, "ann", "topic", "canary")
        await stranger.until(lambda: bool(stranger.frames), "its room")

        assert stranger.others(room) == {}
        assert "canary" not in str(stranger.frames)
        assert list(await rooms.look(OTHER_APP, room)) in ([], ["stranger"])

    play(open_rooms, story)


def test_room_can_be_looked_into(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        user = {"id": "u1", "email": "ann@example.com"}
        ann = Guest("ann")
        rooms.join(APP, room, ann, user, {"n": 1})
        await until(partial(is_found, rooms, room))  # Redis hears of it a moment later
        entry = (await rooms.look(APP, room))["ann"]

        assert entry.shown_to_admins()["user"] == user
        assert entry.data == {"n": 1}
        rooms.leave(APP, room, "ann")
        await until(partial(is_empty, rooms, room))

    play(open_rooms, story)


@pytest.mark.parametrize("act", ["set_presence", "broadcast"])
def test_who_is_not_in_the_room_cannot_speak_in_it(open_rooms: OpenRooms, act: str) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann = Guest("ann")
        rooms.join(APP, room, ann, None, None)
        rooms.leave(APP, room, "ann")
        said = ["topic", 1] if act == "broadcast" else [{}]
        with pytest.raises(ValidationFailed):
            getattr(rooms, act)(APP, room, "ann", *said)

    play(open_rooms, story)


def test_room_that_is_full_lets_somebody_in_after_somebody_left(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob, carl = Guest("ann"), Guest("bob"), Guest("carl")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, bob, None, None)
        with pytest.raises(ValidationFailed, match="2 peers"):
            rooms.join(APP, room, carl, None, None)
        rooms.leave(APP, room, "ann")
        rooms.join(APP, room, carl, None, None)
        await carl.shows(room, bob={})

    play(open_rooms, story, limits=Limits(room_peers=2))


def test_refused_join_leaves_nothing_behind(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann = Guest("ann")
        with pytest.raises(ValidationFailed):
            rooms.join(APP, room, ann, None, {"x": "y" * 100})
        with pytest.raises(ValidationFailed):
            rooms.set_presence(APP, room, "ann", {})
        rooms.join(APP, room, ann, None, {"x": 1})
        await ann.until(lambda: ann.views[room] == {"ann": {"x": 1}}, "itself")

    play(open_rooms, story, limits=Limits(presence_bytes=50))


def test_rooms_of_a_session_and_bytes_of_an_app_are_counted_down_again(
    open_rooms: OpenRooms,
) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann = Guest("ann")
        for n in range(10):
            rooms.join(APP, f"{room} {n}", ann, None, None)
            rooms.set_presence(APP, f"{room} {n}", "ann", {"x": "y" * 300})
            rooms.leave(APP, f"{room} {n}", "ann")
        rooms.join(APP, room, ann, None, None)
        with pytest.raises(ValidationFailed, match="1 rooms"):
            rooms.join(APP, f"{room} too", ann, None, None)

    play(open_rooms, story, limits=Limits(session_rooms=1, app_bytes=1_000))


async def is_empty(rooms: Rooms, room: str) -> bool:
    return not await rooms.look(APP, room)


async def is_found(rooms: Rooms, room: str) -> bool:
    return bool(await rooms.look(APP, room))


async def is_nobody(rooms: Rooms, room: str, session: str) -> bool:
    return (await rooms.look(APP, room))[session].user is None


def test_session_that_signs_out_goes_on_as_nobody(open_rooms: OpenRooms) -> None:
    async def story(rooms: Rooms, room: str) -> None:
        ann, bob = Guest("ann"), Guest("bob")
        rooms.join(APP, room, ann, None, None)
        rooms.join(APP, room, bob, {"id": "u1", "email": "bob@example.com"}, {"n": 1})
        await ann.shows(room, bob={"n": 1})
        rooms.sign_out("bob")
        assert rooms.broadcast(APP, room, "bob", "topic", "hi")["user"] is None
        await until(partial(is_nobody, rooms, room, "bob"))
        rooms.set_presence(APP, room, "bob", {"n": 2})
        await ann.shows(room, bob={"n": 2})
        rooms.sign_out("somebody who is in no room")

    play(open_rooms, story)
