"""Servers that tests may kill: one whose database dies with it, and one whose database stays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.embedded_server import EmbeddedServer
from tests.served import ServedDatabase, served_database


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedServer]:
    """A running server with a PostgreSQL of its own, as `bin/serve` has; tests may kill it."""
    with tempfile.TemporaryDirectory(prefix="instant-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedServer(Path(folder), settings={"INSTANT_EPHEMERAL_APPS_PER_HOUR": "1000"})
        try:
            server.start()
            yield server
        finally:
            server.close()


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[ServedDatabase]:
    """A running server of this test alone, on a database that outlives it."""
    with served_database(tmp_path) as served:
        served.start()
        yield served
