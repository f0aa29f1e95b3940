"""A small world of people, books and notes, empty of entities."""

from __future__ import annotations

import pytest_asyncio

from tests.database.transact.writer import Writer
from triples.sql.pool import Connection
from triples.tenants import App


@pytest_asyncio.fixture
async def writer(conn: Connection, app: App) -> Writer:
    """A writer to an app without attrs."""
    return Writer(conn, app.id)


@pytest_asyncio.fixture
async def library(writer: Writer) -> Writer:
    """A writer to an app whose attrs are of every kind."""
    await writer.write(
        writer.add_attr("users.id"),
        writer.add_attr("users.name"),
        writer.add_attr("users.email", unique=True, indexed=True, checked="string"),
        writer.add_attr("users.handle", indexed=True),
        writer.add_attr("users.meta"),
        writer.add_attr("users.age", indexed=True, checked="number"),
        writer.add_attr("users.active", checked="boolean"),
        writer.add_attr("users.born", indexed=True, checked="date"),
        writer.add_attr("books.id"),
        writer.add_attr("books.title"),
        writer.add_attr("books.author", to="users.books"),
        writer.add_attr("books.tags", to="tags.books", cardinality="many"),
        writer.add_attr("books.cover", to="covers.book", unique=True),
        writer.add_attr("books.pages", to="pages.book", cardinality="many", unique=True),
        writer.add_attr("profiles.id"),
        writer.add_attr("profiles.bio"),
    )
    return writer
