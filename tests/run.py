"""`bin/test`: every test on the PostgreSQL of the wheel, then those of the tables on PostgreSQL 15.

Each pass gets a PostgreSQL made for it and thrown away. pytest's own words are passed on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from instant_project import postgres_process
from instant_project.embedded import binaries_of_the_wheel
from instant_project.env import PROJECT_DIR
from instant_project.postgres_account import account_for, can_read, give_to
from instant_project.postgres_process import Cluster
from tests.system_packages import POSTGRES_15, install_missing

WORKERS: Final = "2"
NO_TESTS: Final = 5  # pytest's word for: nothing matched
# Nothing here must survive a power cut; the tests of that start servers of their own.
OPTIONS: Final = {
    "wal_level": "logical",
    "max_replication_slots": "40",
    "max_wal_senders": "40",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_slot_wal_keep_size": "2GB",
    "fsync": "off",
    "full_page_writes": "off",
}


def main(arguments: list[str]) -> int:
    """Run both passes; the exit status is that of the first which failed."""
    campaign = "--campaign" in arguments
    words = [word for word in arguments if word != "--campaign"]
    for sentence in install_missing():
        _say(sentence)
    everything = _pass("all tests, PostgreSQL 18", binaries_of_the_wheel(), words, campaign)
    if not (POSTGRES_15 / "postgres").exists():
        return everything
    os.environ["TEST_SECOND_PASS"] = "yes"
    on_15 = _pass("the database, PostgreSQL 15", POSTGRES_15, [*words, "-m", "database"], campaign)
    return everything or (0 if on_15 == NO_TESTS and words else on_15)


def _pass(name: str, binaries: Path, words: list[str], campaign: bool) -> int:
    _say(name)
    started = time.monotonic()
    with throwaway_postgres(binaries, OPTIONS) as database_url:
        command = [sys.executable, "-m", "pytest", *_defaults(words), *words]
        status = subprocess.run(
            command, cwd=PROJECT_DIR, env=_environment(database_url, campaign), check=False
        ).returncode
    outcome = {0: "passed", NO_TESTS: "no tests"}.get(status, f"FAILED ({status})")
    _say(f"{name}: {outcome}", time.monotonic() - started)
    return status


def _defaults(words: list[str]) -> list[str]:
    """Workers that are done take over what others have not begun: the slow tests stand together."""
    if any(word.startswith("-n") for word in words):
        return []
    return ["-n", WORKERS, "--dist", "worksteal"]


def _environment(database_url: str, campaign: bool) -> dict[str, str]:
    """Nothing of the caller's settings reaches the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("INSTANT_") and name != "PORT"
    }
    extra = {"TEST_CAMPAIGN": "yes"} if campaign else {}
    return kept | {"INSTANT_DATABASE_URL": database_url} | extra


@contextmanager
def throwaway_postgres(binaries: Path, options: Mapping[str, str]) -> Iterator[str]:
    """A PostgreSQL that is gone with the block; yields the URL of an empty database."""
    with tempfile.TemporaryDirectory(prefix="instant-test-") as folder:
        home = Path(folder)
        account = account_for(home / "data")
        give_to(account, home)
        if not can_read(account, binaries / "postgres"):
            raise SystemExit(f"The user {account} cannot read {binaries}.")
        cluster = Cluster(home, home / "socket", binaries, account, options)
        postgres = postgres_process.start(cluster, _say)
        try:
            postgres.wait_until_ready()
            postgres.create_database("instant")
            yield url_of(cluster, "instant")
        finally:
            postgres.stop()


def url_of(cluster: Cluster, database: str) -> str:
    """The database as INSTANT_DATABASE_URL takes it."""
    return (
        f"postgresql://{postgres_process.SUPERUSER}@/{database}?host={cluster.socket_dir}&port=5432"
    )


def _say(sentence: str, seconds: float | None = None) -> None:
    took = "" if seconds is None else f" ({seconds:.0f} s)"
    print(f"══ {sentence}{took}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
