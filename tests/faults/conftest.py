"""Servers that tests may kill; `restartable`, whose database stays, is with the common fixtures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.embedded_server import EmbeddedServer


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
