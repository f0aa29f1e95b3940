"""The server that a bench measures: started for it, on a new database, and stopped with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.served import ServedDatabase as BenchServer
from tests.served import served_database

__all__ = ["BenchServer", "bench_server"]


@contextmanager
def bench_server(**settings: str) -> Iterator[BenchServer]:
    """A healthy server on the PostgreSQL that INSTANT_DATABASE_URL names."""
    with (
        tempfile.TemporaryDirectory(prefix="instant-bench-") as folder,
        served_database(Path(folder), **settings) as server,
    ):
        server.start()
        yield server
