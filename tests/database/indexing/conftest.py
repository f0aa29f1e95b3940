"""Jobs of the test's own app, done one batch at a time on the test's own connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.database.indexing.jobs import Jobs
from tests.database.transact.writer import Writer
from triples.sql.pool import Connection
from triples.tenants import App


@pytest_asyncio.fixture
async def writer(conn: Connection, app: App) -> AsyncIterator[Writer]:
    """An app of notes, each with an id and whatever else a test writes."""
    writer = Writer(conn, app.id)
    await writer.write(
        writer.add_attr("notes.id"), writer.add_attr("notes.text"), writer.add_attr("notes.rank")
    )
    yield writer


@pytest_asyncio.fixture
async def jobs(writer: Writer) -> Jobs:
    """The jobs of that app."""
    return Jobs(writer)
