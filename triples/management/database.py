"""The database as commands reach it: one asynchronous connection, outside the server's pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from django.db import connection as django_connection

from triples.sql.pool import Connection, configure, session_options

NO_TIMEOUT = 0.0  # loading and repairing take as long as they take


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """A connection to the database of Django's settings, in autocommit."""
    parameters = django_connection.get_connection_params()
    parameters = {
        name: parameters[name]
        for name in ("host", "port", "user", "password", "dbname")
        if parameters.get(name)
    }
    conn = await psycopg.AsyncConnection.connect(
        **parameters, autocommit=True, options=session_options(NO_TIMEOUT)
    )
    async with conn:
        await configure(conn)
        yield conn
