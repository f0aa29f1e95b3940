"""A Redis for tests and benches: a process of its own, behind a socket file, without a disk."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.system_packages import program

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.01


@dataclass(slots=True)
class RedisServer:
    """A Redis that may be stopped and started again; what was in it is gone then."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "redis"

    @property
    def url(self) -> str:
        """As INSTANT_REDIS_URL takes it."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Return once it answers."""
        path = program("redis-server")
        if path is None:
            raise RuntimeError("redis-server is not installed")
        options = {"port": "0", "unixsocket": str(self.socket), "save": "", "appendonly": "no"}
        self.process = subprocess.Popen(
            [path, *(part for name, value in options.items() for part in (f"--{name}", value))],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "output").open("ab"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + START_SECONDS
        with Redis.from_url(self.url) as client:
            while not _answers(client):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "output").read_text())
                time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Return once it is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def kill(self) -> None:
        """`kill -9`; return once it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisConnectionError:
        return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running Redis for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="instant-redis-") as folder:
        server = RedisServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
