"""Rooms of several processes, which are as many `RedisRooms` on one Redis here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from redis import Redis

from presence.promise import Rooms
from presence.redis_layout import room_name
from presence.redis_processes import Processes
from presence.redis_rooms import RedisRooms
from presence.room import RoomKey
from tests.presence.conftest import running
from tests.presence.guest import APP, Guest
from tests.redis_server import RedisServer, redis_server
from tests.until import until
from wire import ids


@asynccontextmanager
async def processes(redis: RedisServer, count: int) -> AsyncIterator[list[RedisRooms]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running(RedisRooms(redis.url, ids.new_id())))
            for _ in range(count)
        ]


def test_presence_and_broadcasts_cross_processes(redis: RedisServer) -> None:
    async def story() -> None:
        room = ids.new_id()
        async with processes(redis, 3) as (first, second, third):
            ann, bob, carl = Guest("ann"), Guest("bob"), Guest("carl")
            first.join(APP, room, ann, {"id": "u1", "email": "a@b.c"}, {"n": 1})
            second.join(APP, room, bob, None, None)
            third.join(APP, room, carl, None, None)
            await bob.shows(room, ann={"n": 1}, carl={})
            await ann.shows(room, bob={}, carl={})

            second.set_presence(APP, room, "bob", {"x": [1]})
            await ann.shows(room, bob={"x": [1]}, carl={})
            await carl.shows(room, bob={"x": [1]}, ann={"n": 1})
            third.broadcast(APP, room, "carl", "topic", "hi")
            await ann.until(lambda: ann.heard == ["hi"], "the broadcast")
            await bob.until(lambda: bob.heard == ["hi"], "the broadcast")
            assert carl.heard == []

            first.leave(APP, room, "ann")
            await bob.shows(room, carl={})
            assert set(await first.look(APP, room)) == {"bob", "carl"}

    asyncio.run(story())


def test_newcomer_on_another_process_is_told_everybody_at_once(redis: RedisServer) -> None:
    async def story() -> None:
        room = ids.new_id()
        async with processes(redis, 2) as (first, second):
            ann, bob = Guest("ann"), Guest("bob")
            first.join(APP, room, ann, None, {"n": 1})
            await ann.until(lambda: bool(ann.frames), "itself")
            second.join(APP, room, bob, None, None)
            await bob.until(lambda: bool(bob.frames), "the room")

            assert bob.others(room) == {"ann": {"n": 1}}

    asyncio.run(story())


def test_process_that_stops_takes_its_sessions_along(redis: RedisServer) -> None:
    async def story() -> None:
        room = ids.new_id()
        async with processes(redis, 1) as (first,):
            ann, bob = Guest("ann"), Guest("bob")
            first.join(APP, room, ann, None, None)
            async with processes(redis, 1) as (second,):
                second.join(APP, room, bob, None, None)
                await ann.shows(room, bob={})
            await ann.shows(room)

    asyncio.run(story())


def test_session_that_moves_quickly_between_rooms_is_where_it_is(redis: RedisServer) -> None:
    async def story() -> None:
        room = ids.new_id()
        async with processes(redis, 2) as (first, second):
            ann, bob = Guest("ann"), Guest("bob")
            first.join(APP, room, ann, None, None)
            for n in range(50):
                second.join(APP, room, bob, None, {"n": n})
                await asyncio.sleep(0)
                second.leave(APP, room, "bob")
                if n % 7 == 0:
                    await asyncio.sleep(0.002)
            await ann.shows(room)
            second.join(APP, room, bob, None, {"n": "last"})
            await ann.shows(room, bob={"n": "last"})
            await bob.shows(room, ann={})

    asyncio.run(story())


def test_empty_room_leaves_nothing_in_redis(redis: RedisServer) -> None:
    async def story() -> None:
        room = ids.new_id()
        name = room_name(RoomKey(APP, room))
        async with processes(redis, 2) as (first, second):
            ann, bob = Guest("ann"), Guest("bob")
            first.join(APP, room, ann, None, None)
            second.join(APP, room, bob, None, None)
            await ann.shows(room, bob={})
            await bob.shows(room, ann={})
            first.leave(APP, room, "ann")
            await bob.shows(room)
            second.leave(APP, room, "bob")
        with Redis.from_url(redis.url) as client:
            assert not client.exists(name)

    asyncio.run(story())


async def is_there(rooms: Rooms, room: str, session: str) -> bool:
    return session in await rooms.look(APP, room)


def test_process_taken_for_dead_by_mistake_puts_its_sessions_back(redis: RedisServer) -> None:
    async def story() -> None:
        room = ids.new_id()
        key = RoomKey(APP, room)
        async with processes(redis, 2) as (first, second):
            ann, bob = Guest("ann"), Guest("bob")
            first.join(APP, room, ann, None, None)
            second.join(APP, room, bob, None, {"n": 1})
            await ann.shows(room, bob={"n": 1})
            mistaken = Processes(first._link, "another process")
            await mistaken.sweep(key, {(await first.look(APP, room))["bob"].instance_id})
            await until(partial(is_there, first, room, "bob"))
            second.set_presence(APP, room, "bob", {"n": 2})
            await ann.shows(room, bob={"n": 2})

    asyncio.run(story())


def test_message_that_nobody_understands_does_not_end_the_listening(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        room = ids.new_id()
        async with processes(redis, 2) as (first, second):
            ann, bob = Guest("ann"), Guest("bob")
            first.join(APP, room, ann, None, None)
            second.join(APP, room, bob, None, None)
            await ann.shows(room, bob={})
            with Redis.from_url(redis.url) as client:
                assert client.publish(room_name(RoomKey(APP, room)), b"{}") == 2
            second.set_presence(APP, room, "bob", {"n": 1})
            await ann.shows(room, bob={"n": 1})

    asyncio.run(story())
    assert "RoomsFailed" in caplog.text


def test_rooms_go_on_without_redis_and_meet_again_when_it_is_back() -> None:
    async def story() -> None:
        room = ids.new_id()
        with redis_server() as redis:
            async with processes(redis, 2) as (first, second):
                ann, bob, carl = Guest("ann"), Guest("bob"), Guest("carl")
                first.join(APP, room, ann, None, None)
                second.join(APP, room, bob, None, None)
                await ann.shows(room, bob={})
                await asyncio.to_thread(redis.stop)
                first.join(APP, room, carl, None, {"n": 1})
                await ann.shows(room, bob={}, carl={"n": 1})
                second.set_presence(APP, room, "bob", {"n": 2})
                await asyncio.to_thread(redis.start)
                await bob.shows(room, ann={}, carl={"n": 1})
                await ann.shows(room, bob={"n": 2}, carl={"n": 1})

    asyncio.run(story())
