"""Catalogs are read in one snapshot, shared, and read anew once forgotten."""

from __future__ import annotations

import asyncio

import pytest

from tests.database.stored import Storage
from triples import tenants
from triples.attrs.store import CatalogCache, load_catalog
from triples.attrs.system_catalog import SYSTEM_APP_ID, SYSTEM_ATTRS
from triples.sql.pool import Connection
from wire.errors import RecordNotFound
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


async def test_new_app_has_only_the_system_attrs(conn: Connection, app: tenants.App) -> None:
    catalog = await load_catalog(conn, app.id)
    assert catalog.attrs == SYSTEM_ATTRS


async def test_stored_attr_is_in_the_catalog_at_its_version(storage: Storage) -> None:
    attr_id = await storage.insert_attr("todos", "title")
    catalog = await load_catalog(storage.conn, storage.app_id)
    found = catalog.forward("todos", "title")
    assert found is not None
    assert (found.id, found.catalog) == (attr_id, "user")
    assert catalog.version == await storage.attrs_version()


async def test_deleted_attr_is_not_in_the_catalog(storage: Storage) -> None:
    attr_id = await storage.insert_attr("todos", "title")
    await storage.conn.execute(
        "update attrs set deletion_marked_at = now() where id = %s::uuid", (attr_id,)
    )
    assert (await load_catalog(storage.conn, storage.app_id)).by_id(attr_id) is None


async def test_attrs_of_another_app_stay_away(storage: Storage, conn: Connection) -> None:
    other = (await tenants.create_app(conn, "other")).app
    await storage.insert_attr("todos", "title")
    assert (await load_catalog(conn, other.id)).forward("todos", "title") is None


async def test_missing_and_deleted_apps_are_not_found(conn: Connection, app: tenants.App) -> None:
    await conn.execute("update apps set deletion_marked_at = now() where id = %s::uuid", (app.id,))
    for app_id in (app.id, new_id()):
        with pytest.raises(RecordNotFound):
            await load_catalog(conn, app_id)


async def test_system_rows_mirror_the_catalog_in_code(conn: Connection) -> None:
    cursor = await conn.execute(
        "select id, forward_ident from attrs where app_id = %s::uuid", (SYSTEM_APP_ID,)
    )
    assert set(await cursor.fetchall()) == {(attr.id, attr.forward_ident) for attr in SYSTEM_ATTRS}


async def test_concurrent_askers_share_one_load(open_pool: None, app: tenants.App) -> None:
    cache = CatalogCache()
    first, second = await asyncio.gather(cache.get(app.id), cache.get(app.id))
    assert first is second is await cache.get(app.id)


async def test_asker_who_gives_up_leaves_the_load_to_the_others(
    open_pool: None, app: tenants.App
) -> None:
    cache = CatalogCache()
    impatient = asyncio.create_task(cache.get(app.id))
    patient = asyncio.create_task(cache.get(app.id))
    await asyncio.sleep(0)  # lets both begin to wait
    impatient.cancel()
    assert (await patient).app_id == app.id


async def test_forgotten_catalog_is_read_anew(open_pool: None, storage: Storage) -> None:
    cache = CatalogCache()
    before = await cache.get(storage.app_id)
    await storage.insert_attr("todos", "title")
    assert await cache.get(storage.app_id) is before
    cache.forget(storage.app_id)
    assert (await cache.get(storage.app_id)).forward("todos", "title")


async def test_load_disowned_by_forget_is_not_remembered(open_pool: None, storage: Storage) -> None:
    cache = CatalogCache()
    under_way = asyncio.create_task(cache.get(storage.app_id))
    await asyncio.sleep(0)  # lets the load begin
    cache.forget(storage.app_id)
    assert await under_way is not await cache.get(storage.app_id)


async def test_cache_keeps_the_most_recently_used(open_pool: None, conn: Connection) -> None:
    cache = CatalogCache(max_catalogs=2)
    one, two, three = [(await tenants.create_app(conn, "app")).app.id for _ in range(3)]
    kept, dropped = await cache.get(one), await cache.get(two)
    assert await cache.get(one) is kept
    await cache.get(three)
    assert await cache.get(one) is kept
    assert await cache.get(two) is not dropped


async def test_failed_load_is_not_remembered(open_pool: None, conn: Connection) -> None:
    cache, app_id = CatalogCache(), new_id()
    with pytest.raises(RecordNotFound):
        await cache.get(app_id)
    await conn.execute("insert into apps (id, title) values (%s::uuid, 'late')", (app_id,))
    assert (await cache.get(app_id)).app_id == app_id
