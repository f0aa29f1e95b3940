"""A server with a PostgreSQL of its own, which dies with it."""

from __future__ import annotations

from dataclasses import dataclass

from instant_project import embedded
from tests.served import ServerProcess


@dataclass(slots=True)
class EmbeddedServer(ServerProcess):
    """What `bin/serve` runs where no database is named."""

    @property
    def database_url(self) -> str:
        """Its database, for as long as it runs."""
        return embedded.database_url(self.data_dir)
