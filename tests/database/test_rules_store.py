"""Stored rules are read once, and their stamp tells when they are outdated."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from triples import tenants
from triples.permissions.rules import Rules
from triples.permissions.store import EMPTY, STAMP, RulesCache, load_rules
from triples.sql.pool import Connection

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

_PUT = """
insert into rules (app_id, code, version) values (%s::uuid, %s, %s)
on conflict (app_id) do update set code = excluded.code, version = excluded.version
"""


async def put(conn: Connection, app: tenants.App, view: str, version: int = 0) -> None:
    """Store a rule for todos, as anything that reaches the table may."""
    code: dict[str, Any] = {"todos": {"allow": {"view": view}}}
    await conn.execute(_PUT, (app.id, Jsonb(code), version))


async def stamp(conn: Connection, app: tenants.App) -> str:
    """The stored stamp."""
    cursor = await conn.execute(f"select {STAMP} from apps where id = %s::uuid", (app.id,))
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


def view(rules: Rules) -> str:
    """The text of the rule for todos."""
    rule = rules.for_action("todos", "view")
    assert rule is not None
    return rule.text


async def test_app_without_rules_has_empty_ones(conn: Connection, app: tenants.App) -> None:
    assert await load_rules(conn, app.id) is EMPTY
    assert await stamp(conn, app) == EMPTY.stamp


async def test_stored_rules_have_the_stored_stamp(conn: Connection, app: tenants.App) -> None:
    await put(conn, app, "auth.id != null")
    rules = await load_rules(conn, app.id)
    assert (view(rules), rules.version) == ("auth.id != null", 0)
    assert rules.stamp == await stamp(conn, app)


async def test_change_without_a_new_version_has_a_new_stamp(
    conn: Connection, app: tenants.App
) -> None:
    await put(conn, app, "true")
    before = await stamp(conn, app)
    await put(conn, app, "false")
    assert await stamp(conn, app) != before


async def test_cached_rules_stay_until_forgotten(
    open_pool: None, conn: Connection, app: tenants.App
) -> None:
    cache = RulesCache()
    await put(conn, app, "true")
    before = await cache.get(app.id)
    await put(conn, app, "false")
    assert await cache.get(app.id) is before
    cache.forget(app.id)
    assert view(await cache.get(app.id)) == "false"


async def test_rules_at_a_newer_stamp_are_read_anew(conn: Connection, app: tenants.App) -> None:
    cache = RulesCache()
    await put(conn, app, "true")
    before = await cache.at(conn, app.id, await stamp(conn, app))
    assert await cache.at(conn, app.id, before.stamp) is before
    await put(conn, app, "false")
    assert view(await cache.at(conn, app.id, await stamp(conn, app))) == "false"


async def test_removed_rules_are_empty(conn: Connection, app: tenants.App) -> None:
    cache = RulesCache()
    await put(conn, app, "false")
    await cache.at(conn, app.id, await stamp(conn, app))
    await conn.execute("delete from rules where app_id = %s::uuid", (app.id,))
    assert await cache.at(conn, app.id, await stamp(conn, app)) is EMPTY


async def test_cache_keeps_the_most_recently_used(
    open_pool: None, conn: Connection, app: tenants.App
) -> None:
    cache = RulesCache(max_rules=1)
    await put(conn, app, "true")
    dropped = await cache.get(app.id)
    other = (await tenants.create_app(conn, "other")).app
    await cache.get(other.id)
    assert await cache.get(app.id) is not dropped
