"""The scaled shape for tests and benches: server processes, workers, a Redis and a database.

Whoever dials `Scaled` as if it were one server reaches its processes in turn.
"""

from __future__ import annotations

import itertools
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.redis_server import RedisServer, redis_server
from tests.served import ProjectProcess, ServerProcess, own_database, settings_for_tests

HEALTHY_SECONDS: Final = 60.0


@dataclass(slots=True)
class Worker(ProjectProcess):
    """`manage.py wal_worker`, which may be killed."""

    folder: Path
    settings: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it without waiting for it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own = {"INSTANT_DATA_DIR": str(self.folder / "instant")}
        self.run("manage.py", "wal_worker", **(own | dict(self.settings)))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It does nothing in the block, and keeps its connections (SIGSTOP)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@dataclass(slots=True)
class Scaled:
    """All processes of one installation."""

    servers: list[ServerProcess]
    workers: list[Worker]
    redis: RedisServer
    database_url: str
    _turns: Iterator[ServerProcess] = field(init=False)

    def __post_init__(self) -> None:
        self._turns = itertools.cycle(self.servers)

    @property
    def http_url(self) -> str:
        """Of the process whose turn it is."""
        return next(self._turns).http_url

    @property
    def ws_url(self) -> str:
        """Of the process whose turn it is."""
        return next(self._turns).ws_url

    @property
    def settings(self) -> Mapping[str, str]:
        """What all of them are told."""
        return self.servers[0].settings

    def start(self) -> None:
        """Start everything and return once changes arrive at each server."""
        for worker in self.workers:
            worker.start()
        for server in self.servers:
            server.start()

    def wait_until_healthy(self) -> None:
        """Wait until changes arrive at each server."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not all(server.is_healthy() for server in self.servers):
            if time.monotonic() > deadline:
                outputs = [*(s.output for s in self.servers), *(w.output for w in self.workers)]
                raise RuntimeError("\n".join(outputs))
            time.sleep(0.05)


@contextmanager
def scaled_shape(
    folder: Path, *, servers: int = 2, workers: int = 1, database_url: str | None = None
) -> Iterator[Scaled]:
    """Processes that are not started yet, beside a running Redis and an empty database."""
    with ExitStack() as held:
        redis = held.enter_context(redis_server())
        url = database_url or held.enter_context(own_database())
        settings = settings_for_tests(url, folder) | {
            "INSTANT_REDIS_URL": redis.url,
            "INSTANT_SECRET_KEY": secrets.token_urlsafe(48),
        }
        scaled = Scaled(
            [_server(folder / f"server-{n}", settings) for n in range(servers)],
            [Worker(folder / f"worker-{n}", settings) for n in range(workers)],
            redis,
            url,
        )
        try:
            yield scaled
        finally:
            for server in scaled.servers:
                server.close()
            for worker in scaled.workers:
                worker.close()


def _server(folder: Path, settings: Mapping[str, str]) -> ServerProcess:
    folder.mkdir(parents=True)
    return ServerProcess(folder, settings=settings)
