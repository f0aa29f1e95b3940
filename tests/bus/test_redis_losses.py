"""What is lost between processes is noticed: cut connections, missing numbers, new publishers."""

from __future__ import annotations

import pytest

from realtime.bus.bus import Publisher
from realtime.bus.messages import MAX_BYTES, Place, Sequence
from realtime.bus.redis_link import Names, client
from realtime.bus.redis_publisher import RedisPublisher
from realtime.changes.change import TripleChange
from tests.bus.buses import ALL, ANN, BOB, change, over_redis
from tests.redis_server import RedisServer


@pytest.mark.parametrize(
    ("places", "complete"),
    [
        pytest.param([("p", 7)], [True], id="the first may have any number"),
        pytest.param([("p", 7), ("p", 8)], [True, True], id="one after the other"),
        pytest.param([("p", 7), ("p", 9)], [True, False], id="one is missing"),
        pytest.param([("p", 7), ("p", 7)], [True, False], id="a number comes twice"),
        pytest.param([("p", 7), ("p", 1)], [True, False], id="numbers begin again"),
        pytest.param([("p", 7), ("q", 1)], [True, True], id="another publisher begins"),
        pytest.param([("p", 7), ("q", 2)], [True, False], id="the other's first is missing"),
        pytest.param([("q", 1), ("p", 8)], [True, False], id="a replaced publisher is heard"),
    ],
)
def test_sequence_tells_what_is_complete(
    places: list[tuple[str, int]], complete: list[bool]
) -> None:
    sequence = Sequence()
    assert [sequence.take(Place(*place)) for place in places] == complete


@pytest.mark.asyncio
async def test_lost_message_is_a_gap_of_its_app(redis: RedisServer) -> None:
    async with over_redis(redis.url) as bus:
        await bus.listener.join(ANN)
        await bus.listener.join(BOB)
        await bus.publish(change(ANN, 1), change(BOB, 2))
        await _lose_next_message(bus.publisher, ANN)
        await bus.publish(change(BOB, 4), change(ANN, 5))
        await bus.heard.until(lambda: 5 in bus.heard.xids)
        assert [item if item == ANN else item.xid for item in bus.heard.all] == [1, 2, 4, ANN, 5]  # type: ignore[union-attr]


@pytest.mark.asyncio
async def test_cut_subscriber_is_told_of_a_gap_and_hears_again(redis: RedisServer) -> None:
    async with over_redis(redis.url, "cut") as bus, client(redis.url) as commands:
        await bus.listener.join(ANN)
        await commands.client_kill_filter(_type="pubsub")
        await bus.heard.until(lambda: ALL in bus.heard.gaps)
        await bus.bring(change(ANN, 1))


@pytest.mark.asyncio
async def test_redis_that_is_killed_and_comes_back_is_a_gap(own_redis: RedisServer) -> None:
    async with over_redis(own_redis.url) as bus:
        await bus.listener.join(ANN)
        own_redis.kill()
        with pytest.raises(Exception, match=r"Connect|connect|Error"):
            await bus.publish(change(ANN, 1))
        own_redis.start()
        await bus.heard.until(lambda: ALL in bus.heard.gaps)
        await bus.bring(change(ANN, 2))


@pytest.mark.asyncio
async def test_app_joined_while_redis_is_away_is_received_once_it_is_back(
    own_redis: RedisServer,
) -> None:
    async with over_redis(own_redis.url) as bus:
        own_redis.kill()
        await bus.listener.join(ANN)
        own_redis.start()
        await bus.heard.until(lambda: ALL in bus.heard.gaps)
        await bus.bring(change(ANN, 1))


@pytest.mark.asyncio
async def test_change_too_large_for_a_message_says_that_everything_changed(
    redis: RedisServer,
) -> None:
    large = TripleChange("insert", "e", "a", None, b'"%b"' % (b"x" * MAX_BYTES), False)
    async with over_redis(redis.url) as bus:
        await bus.listener.join(ANN)
        await bus.bring(change(ANN, 1, triple_changes=(large,)))
        assert bus.heard.all == [change(ANN, 1, triple_changes=(), truncated=True)]


def test_installations_are_told_apart_by_the_number_of_their_database() -> None:
    one, other = Names.of("redis://localhost/1"), Names.of("redis://localhost/2")
    assert other.app_of(one.app(ANN)) is None
    assert one.app_of(one.app(ANN)) == ANN


async def _lose_next_message(publisher: Publisher, app_id: str) -> None:
    """As a publisher whose connection broke after it had given a number away."""
    assert isinstance(publisher, RedisPublisher)
    publisher._next_number(app_id)
