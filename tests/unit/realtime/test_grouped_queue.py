"""Order inside a group, groups beside each other, tenants in turn (realtime.md §11.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from realtime.grouped_queue import GroupedQueue

Handle = Callable[[str], Awaitable[None]]


class Workshop:
    """Handles items when the test lets it, and keeps the order in which they began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.news = asyncio.Condition()
        self.crashes: list[str] = []

    async def handle(self, item: str) -> None:
        async with self.news:
            self.begun.append(item)
            self.news.notify_all()
        await self.gate(item).wait()
        if item.startswith("bad"):
            raise ValueError(item)

    def gate(self, item: str) -> asyncio.Event:
        return self.gates.setdefault(item, asyncio.Event())

    async def until_begun(self, *items: str) -> None:
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: set(items) <= set(self.begun))

    def finish(self, *items: str) -> None:
        for item in items:
            self.gate(item).set()

    def queue(
        self,
        workers: int = 8,
        per_tenant: int = 8,
        combine: Callable[[str, str], str | None] = lambda first, second: None,
    ) -> GroupedQueue[str]:
        return GroupedQueue(
            self.handle,
            workers=workers,
            per_tenant=per_tenant,
            combine=combine,
            on_crash=lambda item, error: self.crashes.append(f"{item}: {error}"),
        )


def test_items_of_a_group_run_one_at_a_time_in_order() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue()
        for item in ("a1", "a2", "a3"):
            queue.put("a", item, tenant="t")
        await shop.until_begun("a1")
        assert shop.begun == ["a1"]
        shop.finish("a1", "a2", "a3")
        await shop.until_begun("a3")
        assert shop.begun == ["a1", "a2", "a3"]

    asyncio.run(story())


def test_groups_run_beside_each_other() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue()
        queue.put("a", "a1", tenant="t")
        queue.put("b", "b1", tenant="t")
        await shop.until_begun("a1", "b1")
        await queue.stop()

    asyncio.run(story())


def test_no_more_groups_run_at_once_than_there_are_workers() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(workers=2)
        for group in "abc":
            queue.put(group, f"{group}1", tenant="t")
        await shop.until_begun("a1", "b1")
        assert queue.depth == 1
        shop.finish("a1")
        await shop.until_begun("c1")
        assert shop.begun == ["a1", "b1", "c1"]
        await queue.stop()

    asyncio.run(story())


def test_tenants_take_turns_whatever_their_number_of_groups() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(workers=1)
        for n in range(4):
            queue.put(("busy", n), f"busy{n}", tenant="busy")
        queue.put("calm", "calm", tenant="calm")
        shop.finish("busy0", "busy1", "busy2", "busy3", "calm")
        await shop.until_begun("busy3")
        assert shop.begun.index("calm") == 1

    asyncio.run(story())


def test_tenant_whose_groups_are_slow_leaves_workers_to_others() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(workers=3, per_tenant=2)
        for n in range(4):
            queue.put(("slow", n), f"slow{n}", tenant="slow")
        await shop.until_begun("slow0", "slow1")
        queue.put("calm", "calm", tenant="calm")
        await shop.until_begun("calm")
        assert shop.begun == ["slow0", "slow1", "calm"]
        shop.finish("slow1")
        await shop.until_begun("slow2")
        assert queue.depth == 1, "as soon as one has ended, the tenant's next one runs"
        await queue.stop()

    asyncio.run(story())


def test_tenant_at_its_limit_is_in_turn_again_when_nobody_else_works() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(workers=3, per_tenant=1)
        queue.put("a", "a1", tenant="t")
        await shop.until_begun("a1")
        queue.put("a", "a2", tenant="t")
        queue.put("b", "b1", tenant="t")
        shop.finish("a1", "a2", "b1")
        await shop.until_begun("a2", "b1")
        queue.put("c", "c1", tenant="t")
        await shop.until_begun("c1")
        assert shop.begun == ["a1", "b1", "a2", "c1"]
        await queue.stop()

    asyncio.run(story())


def test_busy_group_lets_other_groups_of_its_tenant_through() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(workers=1)
        for n in range(3):
            queue.put("typing", f"key{n}", tenant="t")
        queue.put("reading", "read", tenant="t")
        shop.finish("key0", "key1", "key2", "read")
        await shop.until_begun("key2")
        assert shop.begun == ["key0", "read", "key1", "key2"]

    asyncio.run(story())


def test_waiting_neighbours_are_merged() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(combine=lambda first, second: second if first[0] == second[0] else None)
        for item in ("a1", "a2", "a3", "x4", "a5"):
            queue.put("a", item, tenant="t")
        shop.finish("a3", "x4", "a5")
        await shop.until_begun("a5")
        assert shop.begun == ["a3", "x4", "a5"]

    asyncio.run(story())


def test_crash_is_reported_and_the_group_goes_on() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue()
        queue.put("a", "bad", tenant="t")
        queue.put("a", "good", tenant="t")
        shop.finish("bad", "good")
        await shop.until_begun("good")
        assert shop.crashes == ["bad: bad"]

    asyncio.run(story())


def test_stop_cancels_what_runs_and_takes_nothing_more() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue()
        queue.put("a", "a1", tenant="t")
        queue.put("a", "a2", tenant="t")
        await shop.until_begun("a1")
        await queue.stop()
        queue.put("a", "a3", tenant="t")
        shop.finish("a1", "a2", "a3")
        assert queue.depth == 0
        assert shop.begun == ["a1"]

    asyncio.run(story())


def test_finished_groups_leave_nothing_behind() -> None:
    async def story() -> None:
        shop = Workshop()
        queue = shop.queue(workers=1)
        for n in range(100):
            shop.finish(f"i{n}")
            queue.put(n, f"i{n}", tenant=n)
        await shop.until_begun("i99")
        await queue.stop()
        assert queue.depth == 0

    asyncio.run(story())
