"""What both forms of the bus promise (`realtime.bus.bus`)."""

from __future__ import annotations

import pytest

from tests.bus.buses import ALL, ANN, BOB, OpenEnds, change

pytestmark = pytest.mark.asyncio


async def test_changes_of_a_joined_app_are_received_in_order_and_whole(ends: OpenEnds) -> None:
    async with ends() as bus:
        await bus.listener.join(ANN)
        sent = [change(ANN, xid) for xid in range(1, 101)]
        await bus.publish(*sent[:40])
        await bus.publish(*sent[40:])
        await bus.heard.until(lambda: len(bus.heard.xids) == 100)
        assert bus.heard.all == sent


async def test_changes_of_other_apps_are_not_received(ends: OpenEnds) -> None:
    async with ends() as bus:
        await bus.listener.join(ANN)
        await bus.publish(change(BOB, 1), change(ANN, 2))
        await bus.heard.until(lambda: 2 in bus.heard.xids)
        assert bus.heard.xids == [2]


async def test_changes_are_not_received_after_leaving(ends: OpenEnds) -> None:
    async with ends() as bus:
        await bus.listener.join(ANN)
        await bus.listener.join(BOB)
        bus.listener.leave(ANN)
        await bus.publish(change(ANN, 1), change(BOB, 2))
        await bus.heard.until(lambda: 2 in bus.heard.xids)
        assert bus.heard.xids == [2]


async def test_app_joined_again_is_received_again_without_a_gap(ends: OpenEnds) -> None:
    async with ends() as bus:
        await bus.listener.join(ANN)
        await bus.bring(change(ANN, 1))
        bus.listener.leave(ANN)
        await bus.publish(change(ANN, 2))
        await bus.listener.join(ANN)
        await bus.bring(change(ANN, 3))
        assert bus.heard.gaps == []


async def test_gap_is_received_between_what_was_published_before_and_after(ends: OpenEnds) -> None:
    async with ends() as bus:
        await bus.listener.join(ANN)
        await bus.publish(change(ANN, 1))
        await bus.publisher.announce_gap()
        await bus.publish(change(ANN, 2))
        await bus.heard.until(lambda: 2 in bus.heard.xids)
        assert bus.heard.all == [change(ANN, 1), ALL, change(ANN, 2)]
