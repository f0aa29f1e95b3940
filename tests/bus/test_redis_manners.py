"""The bus stops when told to, lets few words wait, and does not storm a Redis that cuts it."""

from __future__ import annotations

import asyncio
import time

import pytest

from realtime.bus.redis_link import client
from realtime.bus.redis_listener import FIRST_PAUSE_SECONDS, MAX_WAITING_COMMANDS
from realtime.bus.redis_publisher import RedisPublisher
from tests.bus.buses import ALL, ANN, PATIENCE_SECONDS, change, over_redis
from tests.redis_server import RedisServer

TURNS = 40  # of the event loop; a message is on its way to Redis and back in fewer
CUTS = 6


@pytest.mark.asyncio
async def test_publisher_stops_at_whatever_moment_it_is_told_to(redis: RedisServer) -> None:
    async def publish_and_stay(publisher: RedisPublisher) -> None:
        await publisher.publish(change(ANN, 1))
        await publisher.flush()
        await asyncio.Event().wait()

    for turns in range(TURNS):
        publisher = RedisPublisher(redis.url)
        await publisher.announce_gap()  # connects
        task = asyncio.create_task(publish_and_stay(publisher))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        assert task.cancelled(), f"told after {turns} turns of the loop, it goes on"
        await publisher.close()


@pytest.mark.asyncio
async def test_more_words_than_may_wait_end_the_connection_and_nothing_is_missed(
    redis: RedisServer,
) -> None:
    async with over_redis(redis.url, "overflow") as bus:
        await bus.listener.join(ANN)
        for number in range(MAX_WAITING_COMMANDS + 1):
            bus.listener.leave(f"app {number}")
        await bus.heard.until(lambda: ALL in bus.heard.gaps)
        await bus.bring(change(ANN, 1))


@pytest.mark.asyncio
async def test_listener_that_is_cut_again_and_again_comes_back_ever_more_slowly(
    own_redis: RedisServer,
) -> None:
    """Each time it is back it begins with a gap, and all live queries are answered again."""
    async with over_redis(own_redis.url, "storm") as bus, client(own_redis.url) as commands:
        began = time.monotonic()
        for cuts in range(1, CUTS + 1):
            await commands.client_kill_filter(_type="pubsub")
            await bus.heard.until(lambda cuts=cuts: bus.heard.gaps.count(ALL) == cuts)  # type: ignore[misc]
        shortest = sum(FIRST_PAUSE_SECONDS * 2**cut / 2 for cut in range(CUTS))
        assert time.monotonic() - began >= shortest
