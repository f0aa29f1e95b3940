"""Apps are rows; their admin tokens open them and nothing else (http-api.md §3.1, §7.4)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from ipaddress import ip_address

import pytest

from triples import tenants
from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql import pool
from triples.sql.pool import Connection
from wire.errors import RateLimited, RecordNotFound
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


async def test_made_app_is_found(conn: Connection) -> None:
    new = await tenants.create_app(conn, "todo")
    found = await tenants.find_app(conn, new.app.id)
    assert found == new.app
    assert (found.title, found.status, found.is_ephemeral) == ("todo", "active", False)


async def test_ephemeral_app_lives_14_days(conn: Connection) -> None:
    app = (await tenants.create_ephemeral_app(conn, "todo")).app
    assert app.ephemeral_expires_at is not None
    assert abs(app.ephemeral_expires_at - app.created_at - timedelta(days=14)) < timedelta(
        milliseconds=1
    )


@pytest.mark.parametrize("app_id", [new_id(), SYSTEM_APP_ID], ids=["unknown", "built-in"])
async def test_what_is_no_tenant_is_not_found(conn: Connection, app_id: str) -> None:
    with pytest.raises(RecordNotFound) as refused:
        await tenants.find_app(conn, app_id)
    assert refused.value.hint == {"record-type": "app"}


async def test_admin_token_opens_its_app_and_no_other(conn: Connection) -> None:
    mine, other = await tenants.create_app(conn, "a"), await tenants.create_app(conn, "b")
    await tenants.verify_admin_token(conn, mine.app.id, mine.admin_token)
    with pytest.raises(RecordNotFound) as refused:
        await tenants.verify_admin_token(conn, other.app.id, mine.admin_token)
    assert refused.value.hint["record-type"] == "app-admin-token"
    assert "incorrect app ID" in refused.value.hint["message"]


async def test_admin_token_of_a_deleted_app_opens_nothing(conn: Connection) -> None:
    new = await tenants.create_app(conn, "a")
    await tenants.verify_admin_token(conn, new.app.id, new.admin_token)
    await conn.execute(
        "update apps set deletion_marked_at = now() where id = %s::uuid", (new.app.id,)
    )
    with pytest.raises(RecordNotFound):
        await tenants.verify_admin_token(conn, new.app.id, new.admin_token)


async def test_admin_token_is_stored_as_a_hash_and_not_shown(conn: Connection) -> None:
    new = await tenants.create_app(conn, "a")
    cursor = await conn.execute(
        "select token_hash from app_admin_tokens where app_id = %s::uuid", (new.app.id,)
    )
    assert new.admin_token not in str(await cursor.fetchall())
    assert new.admin_token not in repr(new)


async def test_address_makes_no_more_apps_than_its_limit(conn: Connection) -> None:
    limit = tenants.CreationLimit(ip_address("192.0.2.1"), 2)
    for _ in range(2):
        await tenants.create_ephemeral_app(conn, "allowed", limit=limit)
    with pytest.raises(RateLimited):
        await tenants.create_ephemeral_app(conn, "one too many", limit=limit)
    neighbour = tenants.CreationLimit(ip_address("192.0.2.2"), 2)
    assert await tenants.create_ephemeral_app(conn, "a neighbour's", limit=neighbour)


async def test_limit_starts_anew_each_hour(conn: Connection) -> None:
    limit = tenants.CreationLimit(ip_address("192.0.2.3"), 1)
    await tenants.create_ephemeral_app(conn, "allowed", limit=limit)
    await conn.execute(
        "update ephemeral_app_creations set hour = hour - interval '1 hour'"
        " where address = '192.0.2.3'"
    )
    assert await tenants.create_ephemeral_app(conn, "next hour", limit=limit)


async def test_ipv6_host_cannot_escape_by_changing_its_address(conn: Connection) -> None:
    first, second = (
        tenants.CreationLimit(ip_address(f"2001:db8:1:2::{host}"), 1) for host in ("1", "ffff:2")
    )
    await tenants.create_ephemeral_app(conn, "allowed", limit=first)
    with pytest.raises(RateLimited):
        await tenants.create_ephemeral_app(conn, "same network", limit=second)


async def test_limit_holds_between_connections(open_pool: None) -> None:
    limit = tenants.CreationLimit(ip_address("192.0.2.4"), 3)

    async def attempt() -> bool:
        async with pool.connection() as conn:
            try:
                await tenants.create_ephemeral_app(conn, "race", limit=limit)
            except RateLimited:
                return False
        return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(8)))) == 3
