"""One Redis for the tests of the bus, and both forms of the bus for tests of the promise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bus.buses import OpenEnds, in_process, over_redis
from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis that no test stops."""
    with redis_server() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis of one test, which may kill it."""
    with redis_server() as server:
        yield server


@pytest.fixture(params=["in process", "redis"])
def ends(request: pytest.FixtureRequest) -> OpenEnds:
    """Opens a bus of either form."""
    if request.param == "in process":
        return in_process
    url = request.getfixturevalue("redis").url
    return lambda: over_redis(url)
