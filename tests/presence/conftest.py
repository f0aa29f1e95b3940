"""Rooms of both kinds, for tests of what both promise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from presence.limits import Limits
from presence.memory import MemoryRooms
from presence.promise import Rooms
from presence.redis_rooms import RedisRooms
from tests.redis_server import RedisServer, redis_server
from tests.system_packages import program

OpenRooms = Callable[..., AbstractAsyncContextManager[Rooms]]


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis for all tests of a worker; each has an app, and so rooms, of its own."""
    if program("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with redis_server() as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
def open_rooms(request: pytest.FixtureRequest) -> OpenRooms:
    """Open rooms of a process: `open_rooms()`, or `open_rooms(limits=…)`."""
    url = request.getfixturevalue("redis").url if request.param == "redis" else None
    count = iter(range(1_000))

    def open_some(limits: Limits | None = None) -> AbstractAsyncContextManager[Rooms]:
        name = f"{request.node.name} {next(count)}"
        if url is None:
            return running(MemoryRooms(name, limits=limits))
        return running(RedisRooms(url, name, limits=limits))

    return open_some


@asynccontextmanager
async def running(rooms: Any) -> AsyncIterator[Any]:
    """Started rooms, stopped with the block."""
    await rooms.start()
    try:
        yield rooms
    finally:
        await rooms.stop()
