"""A queue that keeps order inside a group, runs groups side by side, and is fair between tenants.

Guarantees (realtime.md §11.2, instaql.md §5.8):
- items of one group are handled one at a time, in the order they were put;
- different groups run in parallel, at most `workers` at once and `per_tenant` of one tenant;
- a group that has more work goes to the back of its tenant's line, and tenants take turns, so
  neither a busy group nor a tenant with many groups starves the others;
- neighbouring items may be merged by `combine` before they are handled.

It does not know what an item is. A handler's exceptions are its own business: one that escapes is
reported to `on_crash` and the group goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Group(Generic[Item]):
    """Waiting items of one key; in a line exactly while `scheduled`."""

    tenant: Hashable
    items: deque[Item] = field(default_factory=deque)
    scheduled: bool = False


class GroupedQueue(Generic[Item]):
    """See the module's guarantees."""

    def __init__(
        self,
        handle: Callable[[Item], Awaitable[None]],
        *,
        workers: int,
        per_tenant: int,
        combine: Callable[[Item, Item], Item | None] = lambda first, second: None,
        on_crash: Callable[[Item, BaseException], None],
    ) -> None:
        self._handle = handle
        self._workers = workers
        self._per_tenant = per_tenant
        self._combine = combine
        self._on_crash = on_crash
        self._groups: dict[Hashable, _Group[Item]] = {}
        self._lines: dict[Hashable, deque[Hashable]] = {}
        # Those that have a line and may run one more group.
        self._turns: deque[Hashable] = deque()
        self._busy: Counter[Hashable] = Counter()  # groups that run, by tenant
        self._running: set[asyncio.Task[None]] = set()
        self._at_work = 0  # those of `_running` that look for more
        self._stopping = False

    @property
    def depth(self) -> int:
        """How many items wait."""
        return sum(len(group.items) for group in self._groups.values())

    def put(self, key: Hashable, item: Item, *, tenant: Hashable) -> None:
        """Append an item to its group; returns at once."""
        if self._stopping:
            return
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(tenant)
        group.items.append(item)
        if not group.scheduled:
            group.scheduled = True
            self._line_up(key, group.tenant)
            self._start_workers()

    def drop(self, keys: list[Hashable]) -> None:
        """Forget the waiting items of these groups; one being handled goes on."""
        for key in keys:
            if group := self._groups.get(key):
                group.items.clear()

    async def stop(self) -> None:
        """Take no more items, forget those that wait, and cancel those being handled."""
        self._stopping = True
        self._groups.clear()
        self._lines.clear()
        self._turns.clear()
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _line_up(self, key: Hashable, tenant: Hashable) -> None:
        line = self._lines.get(tenant)
        if line is not None:
            line.append(key)
            return
        self._lines[tenant] = deque((key,))
        if self._busy[tenant] < self._per_tenant:
            self._turns.append(tenant)

    def _start_workers(self) -> None:
        """One new item needs at most one new worker."""
        if self._turns and self._at_work < self._workers:
            self._at_work += 1
            task = asyncio.create_task(self._work(), name="grouped-queue-worker")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _work(self) -> None:
        try:
            while (key := self._next_key()) is not None:
                await self._run_one(key)
        finally:
            self._at_work -= 1

    def _next_key(self) -> Hashable | None:
        """The first group of the tenant whose turn it is; the tenant goes to the back."""
        if not self._turns:
            return None
        tenant = self._turns.popleft()
        line = self._lines[tenant]
        key = line.popleft()
        self._busy[tenant] += 1
        if not line:
            del self._lines[tenant]
        elif self._busy[tenant] < self._per_tenant:
            self._turns.append(tenant)
        return key

    async def _run_one(self, key: Hashable) -> None:
        group = self._groups[key]
        if group.items:
            item = self._take_merged(group.items)
            try:
                await self._handle(item)
            except Exception as error:  # noqa: BLE001  # the edge of a loop that must go on
                self._on_crash(item, error)
        if self._stopping:
            return
        self._count_ended(group.tenant)
        if group.items:
            self._line_up(key, group.tenant)
        else:
            group.scheduled = False
            del self._groups[key]

    def _count_ended(self, tenant: Hashable) -> None:
        """One group less of the tenant runs; if it had to wait for that, it is in turn again."""
        if self._busy[tenant] == self._per_tenant and tenant in self._lines:
            self._turns.append(tenant)
        self._busy[tenant] -= 1
        if not self._busy[tenant]:
            del self._busy[tenant]

    def _take_merged(self, items: deque[Item]) -> Item:
        item = items.popleft()
        while items:
            merged = self._combine(item, items[0])
            if merged is None:
                break
            items.popleft()
            item = merged
        return item
