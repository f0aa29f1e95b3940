"""How long a raw insert's commit takes to a frame on a loopback socket, with no engine between."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import psycopg

from bench.feed_floor.relay import relayed

ROUND_SECONDS = 30.0
WARM_UP_ROUNDS = 20
PAUSE_SECONDS = (0.001, 0.004)  # between rounds, at random, so that rounds keep no rhythm

INSERT = """
insert into triples (app_id, entity_id, attr_id, value) values (%s, %s, %s, to_jsonb(%s::text))
"""
FORGET = "delete from triples where app_id = %s"


class Floor:
    """An open relay to measure with, in as many blocks of rounds as are wanted."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._app = str(uuid.uuid4())  # triples need no app's row
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._client = await self._stack.enter_async_context(relayed(self._database_url))
        self._conn: psycopg.AsyncConnection[Any] = await self._stack.enter_async_context(
            await psycopg.AsyncConnection.connect(self._database_url, autocommit=True)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._conn.execute(FORGET, [self._app])
        finally:
            await self._stack.aclose()

    async def run(self, rounds: int) -> list[float]:
        """What each round took, in milliseconds, from before the insert to its frame."""
        return [await self._round() for _ in range(rounds)]

    async def _round(self) -> float:
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        entity = str(uuid.uuid4())
        frame = f'"{entity}"'
        started = time.perf_counter()
        heard = asyncio.ensure_future(self._hear(frame))
        await self._conn.execute(INSERT, [self._app, entity, self._app, entity])
        return (await heard - started) * 1000

    async def _hear(self, frame: str) -> float:
        async with asyncio.timeout(ROUND_SECONDS):
            while await self._client.recv() != frame:
                pass
        return time.perf_counter()


def measure_floor(database_url: str, rounds: int) -> list[float]:
    """Milliseconds of each round, after a few to warm up; for callers without an event loop."""

    async def measured() -> list[float]:
        async with Floor(database_url) as floor:
            await floor.run(WARM_UP_ROUNDS)
            return await floor.run(rounds)

    return asyncio.run(measured())
