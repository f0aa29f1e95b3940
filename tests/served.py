"""Real servers for tests and benches: a process of its own, on a database of its own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from instant_project.env import PROJECT_DIR

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02
ACTIVE_SLOTS: Final = "select count(*) from pg_replication_slots where database = %s and active"


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ProjectProcess:
    """A program of the project with settings of its own; may be started many times."""

    folder: Path
    process: subprocess.Popen[bytes] | None

    @property
    def output(self) -> str:
        """What it printed, from all starts."""
        return (self.folder / "output").read_text(encoding="utf-8")

    def run(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start Python with these arguments; none of this process's own settings reach it."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSTANT_")}
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_DIR,
                env=kept | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def kill(self) -> None:
        """`kill -9`; returns once the process is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """SIGTERM; the exit status, once the process is gone."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def close(self) -> None:
        """Leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.stop()


@dataclass(slots=True)
class ServerProcess(ProjectProcess):
    """`python -m instant_project.server`."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def http_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://localhost:{self.port}/runtime/session"

    @property
    def data_dir(self) -> Path:
        return self.folder / "instant"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it without waiting for it."""
        own = {"PORT": str(self.port), "INSTANT_DATA_DIR": str(self.data_dir)}
        return self.run("-m", "instant_project.server", **(own | dict(self.settings)))

    def start(self) -> None:
        """Start it and return once it is healthy."""
        process = self.launch()
        deadline = time.monotonic() + START_SECONDS
        while not self.is_healthy():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not become healthy:\n{self.output}")
            time.sleep(POLL_SECONDS)

    def is_healthy(self) -> bool:
        """Whether it answers, with its change feed live."""
        try:
            with urllib.request.urlopen(f"{self.http_url}/health/system", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def cpu_seconds(self) -> float:
        """How much of a processor the process has used since it started."""
        assert self.process is not None
        ticks = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class ServedDatabase(ServerProcess):
    """A server on a database that outlives it."""

    database_url: str = ""


@contextmanager
def served_database(folder: Path, **settings: str) -> Iterator[ServedDatabase]:
    """A server, not yet started, on a new database beside the one that is configured."""
    with own_database() as url:
        server = ServedDatabase(
            folder,
            settings=settings_for_tests(url, folder) | settings,
            database_url=url,
        )
        try:
            yield server
        finally:
            server.close()


def settings_for_tests(database_url: str, folder: Path) -> dict[str, str]:
    """What every server under test is told: no limits, and nothing that leaves this machine.

    Mails are written into the folder `mail`; identity providers may be on this machine.
    """
    return {
        "INSTANT_DATABASE_URL": database_url,
        "INSTANT_EPHEMERAL_APPS_PER_HOUR": "unlimited",
        "INSTANT_SIGN_INS_PER_HOUR": "unlimited",
        "INSTANT_OAUTH_PRIVATE_HOSTS": "yes",
        "INSTANT_EMAIL_DIR": str(folder / "mail"),
    }


@contextmanager
def own_database() -> Iterator[str]:
    """An empty database on the server that INSTANT_DATABASE_URL names; dropped afterwards."""
    configured = os.environ.get("INSTANT_DATABASE_URL")
    if not configured:
        raise RuntimeError("set INSTANT_DATABASE_URL, or run bin/test, which does")
    name = f"served_{secrets.token_hex(6)}"
    with psycopg.connect(configured, autocommit=True) as conn:
        conn.execute(f"create database {name}")
        try:
            yield as_url(make_conninfo(configured, dbname=name))
        finally:
            _wait_until_nobody_reads_the_log(conn, name)
            conn.execute(f"drop database {name} with (force)")


def _wait_until_nobody_reads_the_log(conn: psycopg.Connection[Any], database: str) -> None:
    """A back end notices a moment later that its reader has ended; force does not reach it."""
    deadline = time.monotonic() + STOP_SECONDS
    while conn.execute(ACTIVE_SLOTS, [database]).fetchone() != (0,):
        if time.monotonic() > deadline:
            raise RuntimeError(f"somebody reads the log of {database} still")
        time.sleep(POLL_SECONDS)


def as_url(conninfo: str) -> str:
    """A connection text as INSTANT_DATABASE_URL takes it."""
    parts = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value}
    name = parts.pop("dbname")
    return f"postgresql:///{name}?" + "&".join(f"{key}={value}" for key, value in parts.items())
