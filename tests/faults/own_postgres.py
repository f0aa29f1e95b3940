"""A PostgreSQL of one test, which may be restarted and which loses nothing by that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from instant_project import postgres_process
from instant_project.embedded import binaries_of_the_wheel
from instant_project.postgres_account import account_for, give_to
from instant_project.postgres_process import Cluster, Postgres
from tests.run import OPTIONS, url_of

DATABASE = "instant"


@dataclass(slots=True)
class OwnPostgres:
    """A running cluster."""

    cluster: Cluster
    postgres: Postgres

    @property
    def url(self) -> str:
        """As INSTANT_DATABASE_URL takes it."""
        return url_of(self.cluster, DATABASE)

    def restart(self) -> None:
        """Stop it in the fast way, start it, and return once it answers."""
        self.postgres.stop()
        self.postgres = postgres_process.start(self.cluster, _say_nothing)
        self.postgres.wait_until_ready()


@contextmanager
def own_postgres(**settings: str) -> Iterator[OwnPostgres]:
    """A cluster with an empty database and these settings, for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="instant-pg-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        account = account_for(home / "data")
        give_to(account, home)
        options = {**OPTIONS, "fsync": "on", "full_page_writes": "on"} | settings
        cluster = Cluster(home, home / "socket", binaries_of_the_wheel(), account, options)
        own = OwnPostgres(cluster, postgres_process.start(cluster, _say_nothing))
        try:
            own.postgres.wait_until_ready()
            own.postgres.create_database(DATABASE)
            yield own
        finally:
            own.postgres.stop()


def _say_nothing(sentence: str) -> None:
    """What a start has to say is of no interest here."""
