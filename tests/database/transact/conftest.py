"""Two small worlds: people, books and notes, empty of entities; todos of two users."""

from __future__ import annotations

import pytest_asyncio

from tests.database.transact.writer import Writer
from triples.attrs.system_catalog import SYSTEM_ATTRS
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


@pytest_asyncio.fixture
async def world(writer: Writer) -> Writer:
    """Ann with the todo `mine`, tagged `red`, and its child `sub`; Bob with the todo `his`."""
    writer.attr_ids |= {f"{a.etype}.{a.label}": a.id for a in SYSTEM_ATTRS}
    await writer.write(
        writer.add_attr("$users.role"),
        writer.add_attr("todos.id"),
        writer.add_attr("todos.title"),
        writer.add_attr("todos.slug", unique=True, indexed=True),
        writer.add_attr("todos.meta"),
        writer.add_attr("todos.count"),
        writer.add_attr("todos.owner", to="$users.todos"),
        writer.add_attr("todos.parent", to="todos.children", on_delete="cascade"),
        writer.add_attr("todos.tags", to="tags.todos", cardinality="many"),
        writer.add_attr("tags.id"),
        writer.add_attr("tags.name"),
        writer.add_attr("notes.id"),
        writer.add_attr("notes.text"),
    )
    await writer.write(
        *writer.put("ann", "$users", email="ann@b.c", role="boss"),
        *writer.put("bob", "$users", email="bob@b.c"),
        *writer.put("red", "tags", name="red"),
        *writer.put("mine", "todos", title="a", slug="mine", count=1, owner=writer.entity("ann")),
        *writer.put("his", "todos", title="b", slug="his", owner=writer.entity("bob")),
        *writer.put("sub", "todos", title="c", parent=writer.entity("mine")),
        writer.add("mine", "todos.tags", writer.entity("red")),
    )
    return writer
