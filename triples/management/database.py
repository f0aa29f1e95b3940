"""The database as commands reach it: one asynchronous connection, outside the server's pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from django.db import connection as django_connection
from psycopg.conninfo import make_conninfo

from triples.sql.pool import Connection, configure, session_options

NO_TIMEOUT = 0.0  # loading and repairing take as long as they take


def conninfo() -> str:
    """Where the database of Django's settings is, as libpq text; in tests, the test database."""
    parameters = django_connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return make_conninfo(**{name: parameters[name] for name in names if parameters.get(name)})


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """A connection to the database of Django's settings, in autocommit."""
    conn = await psycopg.AsyncConnection.connect(
        conninfo(), autocommit=True, options=session_options(NO_TIMEOUT)
    )
    async with conn:
        await configure(conn)
        yield conn
