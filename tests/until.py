"""Waiting for what nobody announces: it is looked at again and again, for so long and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

LIMIT_SECONDS = 60.0  # when something is broken; a machine that is busy takes seconds


async def until(holds: Callable[[], bool | Awaitable[bool]], *, pause_seconds: float = 0.0) -> None:
    """Return once it holds; raises `TimeoutError`.

    Without a pause it is looked at in every turn of the event loop; with one, waiting for another
    process leaves it the processor.
    """
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await _known(holds()):
            await asyncio.sleep(pause_seconds)


async def _known(answer: bool | Awaitable[bool]) -> bool:
    return await answer if isawaitable(answer) else bool(answer)
