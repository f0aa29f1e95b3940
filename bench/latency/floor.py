"""Rounds of the floor, for a driver without an event loop of its own.

The floor is asynchronous and the driver is not: it waits in a thread while Node and the server
work. So the floor's loop lives in a thread of its own, which sleeps while no round runs.
"""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from bench.feed_floor.floor import Floor
from bench.latency.rounds import Took
from bench.server import BenchServer

ROUND_SECONDS = 30.0
OPEN_SECONDS = 300.0  # a new slot waits for every transaction of the whole server


class FloorRounds:
    """An open floor on the database of the server that is measured."""

    def __init__(self, server: BenchServer) -> None:
        self._floor = Floor(server.database_url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="floor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._floor.__aenter__(), self._loop).result(OPEN_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        closing = self._floor.__aexit__(kind, error, traceback)
        try:
            asyncio.run_coroutine_threadsafe(closing, self._loop).result(ROUND_SECONDS)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ROUND_SECONDS)
            self._loop.close()

    def run(self, rounds: int) -> list[Took]:
        """What each round took; it ends with its frame."""
        running = asyncio.run_coroutine_threadsafe(self._floor.run(rounds), self._loop)
        return [Took(took, took) for took in running.result(rounds * ROUND_SECONDS)]
