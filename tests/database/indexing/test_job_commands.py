"""Operators can check types, index, and sweep deleted attrs by hand, once and again."""

from __future__ import annotations

import asyncio
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.database.indexing.jobs import Jobs
from tests.database.transact.writer import Writer

pytestmark = pytest.mark.asyncio


async def run(command: str, *words: str) -> str:
    """What the command prints; commands have an event loop of their own."""
    out = StringIO()
    await asyncio.to_thread(call_command, command, *words, stdout=out)
    return out.getvalue()


async def test_checked_and_indexed_attr_has_its_flags(writer: Writer, jobs: Jobs) -> None:
    await writer.write(*writer.put("a", "notes", rank=1))
    for _ in range(2):
        await run("check_data_type", writer.app_id, "notes.rank", "number")
        await run("reindex_attr", writer.app_id, "notes.rank")
    attr = await jobs.attr("notes.rank")
    assert (attr.checked_data_type, attr.typed, attr.indexed) == ("number", True, True)
    assert await writer.attrs_with_wrong_flags() == set()


async def test_value_of_another_type_is_pointed_at(writer: Writer) -> None:
    await writer.write(*writer.put("a", "notes", rank="one"))
    with pytest.raises(CommandError, match=writer.entity("a")):
        await run("check_data_type", writer.app_id, "notes.rank", "number")


async def test_swept_attr_takes_its_values_along(writer: Writer) -> None:
    await writer.write(*writer.put("a", "notes", rank=1, text="stays"))
    await writer.write(["delete-attr", writer.attr("notes.rank")])
    await run("sweep_deleted_attrs")
    assert "notes.rank" in await writer.stored("a")
    await run("sweep_deleted_attrs", "--grace-days", "0")
    assert set(await writer.stored("a")) == {"notes.id", "notes.text"}
    await writer.write(["restore-attr", writer.attr("notes.rank")])
    assert "notes.rank" not in await writer.stored("a")
