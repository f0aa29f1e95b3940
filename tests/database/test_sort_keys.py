"""Rows written without a sort key get one, whatever they hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.stored import Storage
from triples.sql import pool
from triples.sql.pool import Connection
from triples.values.missing_keys import fill_sort_keys
from triples.values.sort_key import NULL_KEY, sort_key

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("value", "checked_type", "key"),
    [
        pytest.param("Äpfel", "string", sort_key("Äpfel", "string"), id="string"),
        pytest.param(1.5, "number", sort_key(1.5, "number"), id="number"),
        pytest.param("2025-01-01", "date", sort_key("2025-01-01", "date"), id="date"),
        pytest.param(None, "boolean", NULL_KEY, id="null"),
        pytest.param("seven", "number", NULL_KEY, id="value of another type"),
        pytest.param("soon", "date", NULL_KEY, id="unreadable date"),
    ],
)
async def test_row_without_key_is_filled_once(
    storage: Storage, value: Any, checked_type: str, key: bytes
) -> None:
    entity = await storage.insert(value, ave=True, checked_data_type=checked_type)
    assert await fill_sort_keys(storage.conn, storage.app_id, 10) == 1
    assert await storage.column("sort_key", entity) == key
    assert await fill_sort_keys(storage.conn, storage.app_id, 10) == 0


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"checked_data_type": "number"}, id="not indexed"),
        pytest.param({"ave": True}, id="not typed"),
    ],
)
async def test_row_that_needs_no_key_is_left_alone(
    storage: Storage, columns: dict[str, Any]
) -> None:
    await storage.insert(1, **columns)
    assert await fill_sort_keys(storage.conn, storage.app_id, 10) == 0


async def test_at_most_the_limit_is_filled(storage: Storage) -> None:
    for number in range(3):
        await storage.insert(number, ave=True, checked_data_type="number")
    filled = [await fill_sort_keys(storage.conn, storage.app_id, 2) for _ in range(3)]
    assert filled == [2, 1, 0]


async def test_value_changed_by_sql_loses_its_key_and_gets_the_right_one(storage: Storage) -> None:
    entity = await storage.insert(1, ave=True, checked_data_type="number")
    await fill_sort_keys(storage.conn, storage.app_id, 10)
    await storage.conn.execute(
        "update triples set value = '2' where app_id = %s::uuid", (storage.app_id,)
    )
    assert await storage.column("sort_key", entity) is None
    await fill_sort_keys(storage.conn, storage.app_id, 10)
    assert await storage.column("sort_key", entity) == sort_key(2, "number")


async def test_row_that_somebody_is_changing_is_left_for_later(
    storage: Storage, open_pool: None
) -> None:
    entity = await storage.insert(1, ave=True, checked_data_type="number")
    async with pool.connection() as other, other.transaction():
        await other.execute(
            "update triples set value = '2' where app_id = %s::uuid", (storage.app_id,)
        )
        assert await fill_sort_keys(storage.conn, storage.app_id, 10) == 0
    assert await fill_sort_keys(storage.conn, storage.app_id, 10) == 1
    assert await storage.column("sort_key", entity) == sort_key(2, "number")


async def test_key_written_with_its_value_is_kept(storage: Storage, conn: Connection) -> None:
    entity = await storage.insert(1, ave=True, checked_data_type="number", sort_key=b"old")
    await conn.execute(
        "update triples set value = '2', sort_key = 'new' where app_id = %s::uuid",
        (storage.app_id,),
    )
    assert await storage.column("sort_key", entity) == b"new"
