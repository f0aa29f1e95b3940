"""A writer that does not come to an end: it holds an app's write lock for as long as a test wants.

Writes of the app wait meanwhile; reads, other apps and plain SQL, which takes no lock, do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg

from tests.sdk.apps import App

LOCK_APP = "select pg_advisory_xact_lock(hashtextextended((%s::uuid)::text, 0))"


class ServerWithDatabase(Protocol):
    """A server whose database tests may reach."""

    @property
    def database_url(self) -> str: ...


@contextmanager
def app_lock_held(server: ServerWithDatabase, app: App) -> Iterator[psycopg.Connection[Any]]:
    """Hold the lock for the length of a block, in the transaction of the connection given."""
    with psycopg.connect(server.database_url) as conn:
        conn.execute(LOCK_APP, [app.id])
        yield conn
        conn.rollback()
