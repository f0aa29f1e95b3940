"""The server that a bench measures: started for it, on a new database, and stopped with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from instant_project.embedded import binaries_of_the_wheel
from tests.run import OPTIONS, throwaway_postgres
from tests.scaled import Worker
from tests.served import ServedDatabase as BenchServer
from tests.served import served_database

__all__ = ["BenchServer", "bench_postgres", "bench_server"]


DURABLE: Final = {**OPTIONS, "fsync": "on", "full_page_writes": "on"}


@contextmanager
def bench_postgres() -> Iterator[None]:
    """The PostgreSQL that INSTANT_DATABASE_URL names, or one that lasts as long as the bench."""
    if os.environ.get("INSTANT_DATABASE_URL"):
        yield
        return
    with throwaway_postgres(binaries_of_the_wheel(), DURABLE) as url:
        os.environ["INSTANT_DATABASE_URL"] = url
        try:
            yield
        finally:
            del os.environ["INSTANT_DATABASE_URL"]


@contextmanager
def bench_server(**settings: str) -> Iterator[BenchServer]:
    """A healthy server on a new database; with a Redis, beside the worker that it then needs."""
    with (
        bench_postgres(),
        tempfile.TemporaryDirectory(prefix="instant-bench-") as folder,
        served_database(Path(folder), **settings) as server,
    ):
        worker = Worker(Path(folder) / "worker", server.settings)
        if "INSTANT_REDIS_URL" in settings:
            worker.start()
        try:
            server.start()
            yield server
        finally:
            worker.close()
