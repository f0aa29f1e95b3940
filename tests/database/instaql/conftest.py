"""Asking one question of the database and of both oracles at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.database.conftest import conn
from tests.oracle.client_engine import ClientEngine, client_engine
from tests.oracle.judge import Served, differences, serve
from tests.oracle.storing import store_world
from tests.oracle.world import World
from triples.sql.pool import Connection

__all__ = ["conn"]

Ask = Callable[[World, dict[str, Any]], Awaitable[Served]]

_stored: set[str] = set()


@pytest.fixture(scope="session")
def engine() -> Iterator[ClientEngine]:
    """The published client's query engine."""
    with client_engine() as running:
        yield running


@pytest.fixture
def ask(conn: Connection, engine: ClientEngine) -> Ask:
    """Ask the server; the naive evaluator and the client must have the same answer."""

    async def asked(world: World, query: dict[str, Any]) -> Served:
        if world.app_id not in _stored:
            await store_world(conn, world)
            _stored.add(world.app_id)
        served = await serve(conn, world, query)
        found = differences(world, [engine], [served])
        assert not found, "\n\n".join(found)
        return served

    return asked
