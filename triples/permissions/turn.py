"""A turn on the event loop: work goes on until others have waited long enough."""

from __future__ import annotations

import asyncio
import time
from typing import Final

TURN_SECONDS: Final = 0.002


class Turn:
    """Begins when it is made, and again whenever it was given away."""

    def __init__(self) -> None:
        self._ends = time.perf_counter() + TURN_SECONDS

    def is_over(self) -> bool:
        """Whether it is time to give way."""
        return time.perf_counter() > self._ends

    async def give_way(self) -> None:
        """Let other tasks run."""
        await asyncio.sleep(0)
        self._ends = time.perf_counter() + TURN_SECONDS
