"""Triples of a restored attr agree with it again, whatever state it was deleted in (§9.3)."""

from __future__ import annotations

import pytest

from tests.database.indexing.jobs import Jobs
from tests.database.transact.writer import Writer
from triples.attrs.attr import CheckedDataType

pytestmark = pytest.mark.asyncio


async def fill(writer: Writer) -> None:
    for rank in (3, 1, 2):
        await writer.write(*writer.put(f"note {rank}", "notes", text="t", rank=rank))


async def delete_and_restore(writer: Writer) -> None:
    await writer.write(["delete-attr", writer.attr("notes.rank")])
    await writer.write(["restore-attr", writer.attr("notes.rank")])


async def queued(writer: Writer) -> list[str]:
    """The kinds of jobs that are not done."""
    unfinished = """
    select job_type from indexing_jobs
    where app_id = %s::uuid and job_status in ('waiting', 'processing') order by position
    """
    cursor = await writer.conn.execute(unfinished, (writer.app_id,))
    return [row[0] for row in await cursor.fetchall()]


async def test_restored_index_is_taken_away_in_the_background(writer: Writer, jobs: Jobs) -> None:
    await fill(writer)
    await jobs.done("index", "notes.rank")
    await delete_and_restore(writer)
    assert not (await jobs.attr("notes.rank")).indexed
    assert await queued(writer) == ["remove-index"]
    await jobs.finish()
    assert await writer.attrs_with_wrong_flags() == set()
    assert not (await jobs.attr("notes.rank")).indexing


async def test_attr_that_was_not_indexed_needs_no_job(writer: Writer) -> None:
    await fill(writer)
    await delete_and_restore(writer)
    assert await queued(writer) == []
    assert await writer.attrs_with_wrong_flags() == set()


async def test_restored_attr_can_be_indexed_at_once(writer: Writer, jobs: Jobs) -> None:
    await fill(writer)
    await jobs.done("index", "notes.rank")
    await delete_and_restore(writer)
    assert (await jobs.done("index", "notes.rank"))["error"] is None
    assert (await jobs.attr("notes.rank")).indexed
    assert await writer.attrs_with_wrong_flags() == set()


@pytest.mark.parametrize("is_noticed", [True, False], ids=["job ended", "job still there"])
@pytest.mark.parametrize(
    ("kind", "checked"),
    [
        pytest.param("index", None, id="index"),
        pytest.param("unique", None, id="unique"),
        pytest.param("check-data-type", "number", id="type"),
    ],
)
async def test_attr_deleted_in_the_middle_of_a_job_is_whole_again(
    writer: Writer,
    jobs: Jobs,
    kind: str,
    checked: CheckedDataType | None,
    is_noticed: bool,
) -> None:
    await fill(writer)
    await jobs.reach(await jobs.queue(kind, "notes.rank", checked), "update-triples")
    await writer.write(["delete-attr", writer.attr("notes.rank")])
    if is_noticed:
        await jobs.finish()
    await writer.write(["restore-attr", writer.attr("notes.rank")])
    await jobs.finish()
    attr = await jobs.attr("notes.rank")
    assert (attr.indexing, attr.setting_unique, attr.checking_data_type) == (False, False, False)
    assert await writer.attrs_with_wrong_flags() == set()
