"""What the tables refuse and derive, whoever writes (transactions-permissions.md §1.2)."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from tests.database.stored import Storage
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


async def test_entity_has_one_value_of_a_cardinality_one_attr(storage: Storage) -> None:
    attr = new_id()
    entity = await storage.insert(1, attr=attr, ea=True)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await storage.insert(2, entity=entity, attr=attr, ea=True)


async def test_unique_value_is_taken_once(storage: Storage) -> None:
    attr = new_id()
    await storage.insert("ann@example.com", attr=attr, av=True)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await storage.insert("ann@example.com", attr=attr, av=True)


async def test_many_entities_hold_null_in_a_unique_attr(storage: Storage) -> None:
    attr = new_id()
    await storage.insert(None, attr=attr, av=True)
    await storage.insert(None, attr=attr, av=True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(1, 1.0, id="whole number and double"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="order of keys"),
    ],
)
async def test_equal_values_have_the_same_hash(storage: Storage, first: Any, second: Any) -> None:
    left, right = await storage.insert(first), await storage.insert(second)
    assert await storage.column("value_md5", left) == await storage.column("value_md5", right)


async def test_link_target_is_derived(storage: Storage) -> None:
    target = new_id()
    link = await storage.insert(target, eav=True, vae=True)
    assert await storage.column("ref", link) == target


@pytest.mark.parametrize(
    "value", [pytest.param("not an id", id="text"), pytest.param(7, id="number")]
)
async def test_link_to_no_id_is_refused(storage: Storage, value: Any) -> None:
    with pytest.raises(psycopg.Error):
        await storage.insert(value, eav=True, vae=True)


@pytest.mark.parametrize("flag", ["av", "ave"])
async def test_indexed_text_has_at_most_1012_bytes(storage: Storage, flag: str) -> None:
    flags: dict[str, Any] = {flag: True}
    await storage.insert("x" * 1012, **flags)
    with pytest.raises(psycopg.errors.CheckViolation):
        await storage.insert("x" * 1013, **flags)


async def test_plain_text_may_be_long(storage: Storage) -> None:
    assert await storage.insert("x" * 100_000, ea=True)


async def test_longest_sort_key_fits_the_index(storage: Storage) -> None:
    key = random.Random(1).randbytes(2600)
    assert await storage.insert("x", ave=True, checked_data_type="string", sort_key=key)


async def test_changed_attr_raises_the_version(storage: Storage) -> None:
    before = await storage.attrs_version()
    await storage.insert_attr("todos", "title")
    assert await storage.attrs_version() > before
