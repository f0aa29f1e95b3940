"""One PostgreSQL server as a child of this process: made, started, watched, stopped.

The child's life is bound to ours. An orderly end stops it with a checkpoint. After `kill -9` the
system tells it to stop (on Linux), and in any case the next start finds an orphan by its pid file,
ends it and starts anew: nothing committed is lost, since commits are on disk.

    no data ──initdb──▶ data ──start──▶ starting ──answers──▶ ready ──stop──▶ data
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from instant_project.postgres_account import Account, give_to, process_options

SUPERUSER: Final = "instant"
PORT: Final = 5432  # only names the socket; no port is opened
READY_SECONDS: Final = 120.0  # replaying the log after a crash can take a while
FAST_STOP_SECONDS: Final = 30.0
QUICK_STOP_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.01
LOG_TAIL_CHARACTERS: Final = 2_000
MAX_LOG_BYTES: Final = 10 * 1024 * 1024
_PR_SET_PDEATHSIG: Final = 1
_BUILTIN_LOCALES_SINCE: Final = 17


class PostgresFailed(Exception):
    """PostgreSQL did not do what it was asked; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a server's files are and how it is to run.

    `home` holds `data/` and `log`; `socket_dir` the socket, closed to other users.
    """

    home: Path
    socket_dir: Path
    binaries: Path
    account: Account | None
    options: Mapping[str, str]

    @property
    def data(self) -> Path:
        """The folder PostgreSQL calls its data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "log"

    def url(self, database: str) -> str:
        """How libpq reaches one database."""
        return make_conninfo(host=str(self.socket_dir), port=PORT, user=SUPERUSER, dbname=database)


class Postgres:
    """A running server."""

    def __init__(self, cluster: Cluster, process: subprocess.Popen[bytes]) -> None:
        self.cluster = cluster
        self.process = process

    def wait_until_ready(self) -> None:
        """Return once it answers; raises `PostgresFailed`."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                psycopg.connect(self.cluster.url("postgres")).close()
                return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None:
                    raise PostgresFailed(_with_log(self.cluster, "PostgreSQL ended")) from error
                if time.monotonic() > deadline:
                    raise PostgresFailed(
                        _with_log(self.cluster, "PostgreSQL did not get ready")
                    ) from error
            time.sleep(POLL_SECONDS)

    def create_database(self, name: str) -> None:
        """Make a database unless it is there."""
        with psycopg.connect(self.cluster.url("postgres"), autocommit=True) as conn:
            found = conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
            if found is None:
                conn.execute(
                    psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name))
                )

    def stop(self) -> None:
        """End it in order: sessions are cut, everything is written, the process is gone."""
        for signal_number, seconds in _WAYS_TO_STOP:
            if self.process.poll() is None:
                self.process.send_signal(signal_number)
            try:
                self.process.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                continue
        self.process.kill()
        self.process.wait()


_WAYS_TO_STOP: Final = (
    (signal.SIGINT, FAST_STOP_SECONDS),  # "fast": a checkpoint, then the end
    (signal.SIGQUIT, QUICK_STOP_SECONDS),  # "immediate": the log is replayed at the next start
)


def start(cluster: Cluster, tell: Callable[[str], None]) -> Postgres:
    """Start the server, making its data first where there is none; `tell` reports what takes long.

    The caller must hold the data directory's lock.
    """
    for folder in (cluster.home, cluster.socket_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        give_to(cluster.account, folder)
    if not (cluster.data / "PG_VERSION").exists():
        tell("Creating the database")
        _initdb(cluster)
    _end_orphan(cluster, tell)
    if cluster.log.exists() and cluster.log.stat().st_size > MAX_LOG_BYTES:
        cluster.log.replace(cluster.log.with_suffix(".old"))
    with cluster.log.open("ab") as log:
        process = subprocess.Popen(
            [
                str(cluster.binaries / "postgres"),
                "-D",
                str(cluster.data),
                *_option_arguments(cluster),
            ],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us; we decide when the database may go
            preexec_fn=_die_with_parent,
            **process_options(cluster.account),
        )
    return Postgres(cluster, process)


def _option_arguments(cluster: Cluster) -> list[str]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.socket_dir),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        **cluster.options,
    }
    return [word for name, value in options.items() for word in ("-c", f"{name}={value}")]


def _initdb(cluster: Cluster) -> None:
    """Make the data under another name, so that an interrupted start leaves no half of it."""
    draft = cluster.home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    done = subprocess.run(
        [
            *(str(cluster.binaries / "initdb"), "-D", str(draft), "-U", SUPERUSER, "-E", "UTF8"),
            *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
            *_locale_arguments(cluster),
        ],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **process_options(cluster.account),
    )
    if done.returncode != 0:
        raise PostgresFailed(f"The database could not be created:\n{done.stdout}")
    draft.rename(cluster.data)


def _locale_arguments(cluster: Cluster) -> list[str]:
    """Bytewise order and Unicode letters, the same on every system."""
    version = subprocess.run(
        [str(cluster.binaries / "postgres"), "--version"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
        **process_options(cluster.account),
    ).stdout
    major = int(version.split()[2].split(".")[0])
    if major < _BUILTIN_LOCALES_SINCE:
        return ["--locale=C.UTF-8"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _die_with_parent() -> None:
    """In the child: ask Linux for an orderly stop should the parent vanish. Others lack this."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _with_log(cluster: Cluster, sentence: str) -> str:
    tail = cluster.log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]
    return f"{sentence}. The end of {cluster.log}:\n{tail}"


# -- what a killed server left behind --------------------------------------------------------------


def _end_orphan(cluster: Cluster, tell: Callable[[str], None]) -> None:
    """Stop the PostgreSQL that still works on the data, if a killed server left one."""
    pid_file = cluster.data / "postmaster.pid"
    pid = _pid_in(pid_file)
    if pid is None or not _is_running(pid):
        return  # PostgreSQL sees for itself that such a file is old
    if not _works_on(pid, cluster.data):
        pid_file.unlink(missing_ok=True)  # the number now belongs to some other program
        return
    tell("Stopping the database that a killed server left running")
    for signal_number, seconds in _WAYS_TO_STOP:
        _signal(pid, signal_number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _pid_in(pid_file) != pid or not _is_running(pid):
                return
            time.sleep(POLL_SECONDS)
    raise PostgresFailed(f"The PostgreSQL of an earlier server (process {pid}) does not stop.")


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _signal(pid: int, signal_number: int) -> None:
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return


def _is_running(pid: int) -> bool:
    """Whether the process exists and is more than a body nobody has collected."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True  # a system without /proc
    return state != "Z"


def _works_on(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL of this data; assumed where the system does not say."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return True
    return os.fsencode(data) in words
