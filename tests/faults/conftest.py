"""Servers that tests may kill, apps on them, and the published SDK."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.restartable_server import RestartableServer
from tests.realtime.app_lock import ServerWithDatabase


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[RestartableServer]:
    """A server with a PostgreSQL of its own, started once; tests may kill it."""
    with tempfile.TemporaryDirectory(prefix="instant-", ignore_cleanup_errors=True) as folder:
        server = RestartableServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def restartable(embedded_server: RestartableServer) -> RestartableServer:
    """A running server whose `kill -9` takes its PostgreSQL with it."""
    return embedded_server


@pytest.fixture
def beside_its_database(server: ServerWithDatabase, tmp_path: Path) -> Iterator[RestartableServer]:
    """A running server on a database that outlives it."""
    beside = RestartableServer(tmp_path, server.database_url)
    beside.start()
    yield beside
    beside.stop()
