"""A server in a process of its own that is killed without warning and started again.

It runs exactly what `bin/serve` runs. In the embedded shape it has a PostgreSQL of its own, which
dies with it; in the other one it uses a database that stays.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import psycopg

from instant_project import embedded

PROJECT = Path(__file__).parents[2]
READY = "Serving "
START_SECONDS = 60.0
STOP_SECONDS = 60.0


class RestartableServer:
    """The same address, the same data, any number of processes one after the other."""

    def __init__(self, data_dir: Path, database_url: str | None = None) -> None:
        self.database_url = database_url or embedded.database_url(data_dir)
        port = _free_port()
        self.http_url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}/runtime/session"
        self._variables = {
            "PORT": str(port),
            "INSTANT_HOST": "127.0.0.1",
            "INSTANT_DATA_DIR": str(data_dir),
            "INSTANT_EPHEMERAL_APPS_PER_HOUR": "unlimited",
            "INSTANT_DATABASE_URL": database_url or "",
        }
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []

    def start(self) -> None:
        """Start it; returns when it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "instant_project.server"],
            cwd=PROJECT,
            env=_without_settings(os.environ) | self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        reader = threading.Thread(
            target=self._read, args=(self._process, ready), name="server output", daemon=True
        )
        reader.start()
        if not ready.wait(START_SECONDS) or self._process.poll() is not None:
            raise AssertionError("the server did not start:\n" + "".join(self._said))

    def kill(self) -> None:
        """End the process as a power cut would: it gets no chance to do anything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End it in order; it may have been killed, or not started."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_SECONDS)

    def run_sql(self, statement: str, *values: object) -> None:
        """Run one statement past the server; it must change something."""
        with psycopg.connect(self.database_url) as conn:
            assert conn.execute(statement.encode(), values).rowcount > 0

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._said.append(line)
            if READY in line:
                ready.set()
        ready.set()  # it has ended; `start` looks


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what the tests themselves were told."""
    return {name: value for name, value in environment.items() if not name.startswith("INSTANT_")}
