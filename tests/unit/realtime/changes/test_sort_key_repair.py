"""Apps with rows that lack sort keys are repaired, soon and not too often."""

from __future__ import annotations

import asyncio
import time

from realtime.changes.sort_key_repair import SortKeyRepair


class Repairs:
    """Remembers which app was repaired when."""

    def __init__(self, *failing: str) -> None:
        self.done: list[str] = []
        self.times: list[float] = []
        self._failing = failing

    async def repair(self, app_id: str) -> None:
        self.done.append(app_id)
        self.times.append(time.monotonic())
        if app_id in self._failing:
            raise RuntimeError("no such attr")

    async def count(self, wanted: int) -> None:
        async with asyncio.timeout(5):
            while len(self.done) < wanted:
                await asyncio.sleep(0.001)


def test_requests_for_a_waiting_app_are_one() -> None:
    async def story() -> None:
        repairs = Repairs()
        queue = SortKeyRepair(repairs.repair, pause_seconds=0.05)
        for app in ("a", "b", "a", "a"):
            queue.request(app)
        await repairs.count(2)
        await queue.stop()
        assert repairs.done == ["a", "b"]

    asyncio.run(story())


def test_app_that_needs_it_again_waits_for_its_turn() -> None:
    async def story() -> None:
        repairs = Repairs()
        queue = SortKeyRepair(repairs.repair, pause_seconds=0.05)
        queue.request("a")
        await repairs.count(1)
        queue.request("a")
        await repairs.count(2)
        await queue.stop()
        assert repairs.times[1] - repairs.times[0] >= 0.05

    asyncio.run(story())


def test_failed_repair_does_not_keep_others_waiting() -> None:
    async def story() -> None:
        repairs = Repairs("a")
        queue = SortKeyRepair(repairs.repair, pause_seconds=0.01)
        queue.request("a")
        queue.request("b")
        await repairs.count(2)
        await queue.stop()
        assert repairs.done == ["a", "b"]

    asyncio.run(story())


def test_stopping_ends_a_repair_under_way() -> None:
    async def story() -> None:
        begun, was_cancelled = asyncio.Event(), asyncio.Event()

        async def repair(app_id: str) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                was_cancelled.set()

        queue = SortKeyRepair(repair)
        queue.request("a")
        await asyncio.wait_for(begun.wait(), 5)
        await queue.stop()
        assert was_cancelled.is_set()

    asyncio.run(story())
