"""`manage.py explain_query` tells how a query is compiled and run."""

from __future__ import annotations

import asyncio
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.management.database import connect
from triples.permissions.push import put_rules
from wire.ids import new_id

pytestmark = pytest.mark.usefixtures("django_db_setup")


@pytest.fixture(scope="module")
def world(django_db_setup: None) -> World:
    """One todo, stored."""
    builder = WorldBuilder()
    builder.blob("todos", "title")
    builder.entity("todos", new_id(), 1, title="milk")
    made = builder.build()

    async def store() -> None:
        async with connect() as conn:
            await store_world(conn, made)

    asyncio.run(store())
    return made


def _told(app_id: str, query: str, **options: Any) -> str:
    out = StringIO()
    call_command("explain_query", app_id, query, stdout=out, **options)
    return out.getvalue()


def test_levels_statement_and_plan_are_shown(world: World) -> None:
    told = _told(world.app_id, '{"todos": {"$": {"where": {"title": "milk"}}}}')

    assert "0: todos (todos)" in told
    assert "rows_0 as materialized" in told
    assert "Execution Time" in told
    assert "'\"milk\"'" in told


def test_rules_are_shown_with_who_decides_them(world: World) -> None:
    code = {
        "todos": {
            "allow": {"view": "data.title.matches('m')"},
            "fields": {"title": "auth.id == null"},
        }
    }

    async def push() -> None:
        async with connect() as conn:
            await put_rules(conn, world.app_id, code)

    asyncio.run(push())
    query = '{"todos": {"$": {"where": {"title": "milk"}}}}'

    told = _told(world.app_id, query, as_guest=True)

    assert "todos.view: Python, as matches() is not written in SQL" in told
    assert "Execution Time" in told
    assert "── rules\n  (none)" in _told(world.app_id, query)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("{", "not JSON", id="no JSON"),
        pytest.param('{"todos": 1}', "Validation failed for query", id="no query"),
    ],
)
def test_what_cannot_be_explained_is_refused(world: World, query: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        _told(world.app_id, query)


def test_app_must_exist() -> None:
    with pytest.raises(CommandError, match="Record not found: app"):
        _told(new_id(), "{}")
    with pytest.raises(CommandError, match="must be a uuid"):
        _told("todos", "{}")
