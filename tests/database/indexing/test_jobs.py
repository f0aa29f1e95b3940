"""Each kind of job does what it says to attr and triples, and fails without a trace (§10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.indexing.jobs import Jobs
from tests.database.transact.writer import Writer
from triples.attrs.attr import CheckedDataType
from triples.indexing import walk

pytestmark = pytest.mark.asyncio


async def fill(writer: Writer, *ranks: Any) -> None:
    """One note for each rank."""
    for number, rank in enumerate(ranks):
        await writer.write(*writer.put(f"note {number}", "notes", text="t", rank=rank))


@pytest.mark.parametrize(
    ("kind", "checked", "wanted"),
    [
        pytest.param("index", None, {"is_indexed": True, "indexing": False}, id="index"),
        pytest.param("unique", None, {"is_unique": True, "setting_unique": False}, id="unique"),
        pytest.param("required", None, {"is_required": True}, id="required"),
        pytest.param(
            "check-data-type",
            "number",
            {"checked_data_type": "number", "checking_data_type": False},
            id="type",
        ),
    ],
)
async def test_job_changes_attr_and_triples(
    writer: Writer, jobs: Jobs, kind: str, checked: CheckedDataType | None, wanted: dict[str, Any]
) -> None:
    await fill(writer, 3, 1, 2)
    job = await jobs.done(kind, "notes.rank", checked)
    attr = await jobs.attr("notes.rank")
    assert (job["job_status"], job["error"]) == ("completed", None)
    assert {name: getattr(attr, name) for name in wanted} == wanted
    assert await writer.attrs_with_wrong_flags() == set()


@pytest.mark.parametrize(
    ("kind", "checked", "opposite"),
    [
        pytest.param("index", None, "remove-index", id="index"),
        pytest.param("unique", None, "remove-unique", id="unique"),
        pytest.param("required", None, "remove-required", id="required"),
        pytest.param("check-data-type", "number", "remove-data-type", id="type"),
    ],
)
async def test_opposite_job_brings_the_attr_back(
    writer: Writer, jobs: Jobs, kind: str, checked: CheckedDataType | None, opposite: str
) -> None:
    await fill(writer, 3, 1, 2)
    before = (await jobs.attr("notes.rank")).to_wire()
    await jobs.done(kind, "notes.rank", checked)
    assert (await jobs.done(opposite, "notes.rank"))["job_status"] == "completed"
    assert (await jobs.attr("notes.rank")).to_wire() == before
    assert await writer.attrs_with_wrong_flags() == set()


@pytest.mark.parametrize(
    ("kind", "checked", "ranks", "error", "sample"),
    [
        pytest.param(
            "check-data-type",
            "number",
            [1, "two", 3],
            "invalid-triple-error",
            [("note 1", "two", "string")],
            id="wrong type",
        ),
        pytest.param(
            "unique",
            None,
            ["a", "b", "a"],
            "triple-not-unique-error",
            [("note 0", "a", "string"), ("note 2", "a", "string")],
            id="duplicate",
        ),
        pytest.param(
            "index",
            None,
            ["x" * 1013, "b"],
            "triple-too-large-error",
            [("note 0", "x" * 1013, "string")],
            id="too large",
        ),
        pytest.param(
            "required",
            None,
            ["a", None],
            "missing-required-error",
            [("note 1", None, "null")],
            id="null where required",
        ),
    ],
)
async def test_values_at_fault_are_named_and_nothing_stays(
    writer: Writer,
    jobs: Jobs,
    kind: str,
    checked: CheckedDataType | None,
    ranks: list[Any],
    error: str,
    sample: list[tuple[str, Any, str]],
) -> None:
    await fill(writer, *ranks)
    before = (await jobs.attr("notes.rank")).to_wire()
    job = await jobs.done(kind, "notes.rank", checked)
    assert (job["job_status"], job["error"]) == ("errored", error)
    found = {(s["entity_id"], s["value"], s["json_type"]) for s in job["invalid_triples_sample"]}
    assert found == {(writer.entity(nickname), value, kind) for nickname, value, kind in sample}
    assert (await jobs.attr("notes.rank")).to_wire() == before
    assert await writer.attrs_with_wrong_flags() == set()


async def test_large_value_that_compresses_well_is_too_large_for_an_index(
    writer: Writer, jobs: Jobs
) -> None:
    await fill(writer, "x" * 10_000)
    assert (await jobs.done("index", "notes.rank"))["error"] == "triple-too-large-error"


async def test_indexing_gives_entities_without_a_value_their_null(
    writer: Writer, jobs: Jobs
) -> None:
    await writer.write(*writer.put("bare", "notes"))
    await jobs.done("index", "notes.rank")
    assert (await writer.stored("bare"))["notes.rank"] is None


async def test_readers_do_not_rely_on_an_attr_while_its_job_runs(
    writer: Writer, jobs: Jobs
) -> None:
    await fill(writer, 1)
    await jobs.reach(await jobs.queue("index", "notes.rank"), "update-triples")
    attr = await jobs.attr("notes.rank")
    assert (attr.is_indexed, attr.indexed) == (True, False)


async def test_value_written_while_a_type_is_checked_must_be_of_it(
    writer: Writer, jobs: Jobs
) -> None:
    await fill(writer, 1)
    job_id = await jobs.queue("check-data-type", "notes.rank", "number")
    await jobs.reach(job_id, "revalidate")
    error = await writer.refusal(writer.add("note 0", "notes.rank", "two"))
    assert error.type == "validation-failed"


async def test_duplicate_written_while_uniqueness_is_set_is_refused_or_found(
    writer: Writer, jobs: Jobs
) -> None:
    await fill(writer, "a")
    job_id = await jobs.queue("unique", "notes.rank")
    await jobs.reach(job_id, "update-triples")
    await writer.write(*writer.put("late", "notes", rank="a"))
    await jobs.finish()
    assert (await jobs.shown(job_id))["error"] == "triple-not-unique-error"
    assert await writer.attrs_with_wrong_flags() == set()


async def test_attr_deleted_under_its_job_ends_the_job(writer: Writer, jobs: Jobs) -> None:
    await fill(writer, 1)
    job_id = await jobs.queue("index", "notes.rank")
    await jobs.reach(job_id, "update-triples")
    await writer.write(["delete-attr", writer.attr("notes.rank")])
    await jobs.finish()
    assert (await jobs.shown(job_id))["error"] == "invalid-attr-state-error"


async def test_attr_changed_under_its_job_ends_the_job(writer: Writer, jobs: Jobs) -> None:
    await fill(writer, 1)
    job_id = await jobs.queue("index", "notes.rank")
    await jobs.reach(job_id, "update-triples")
    await writer.write(["update-attr", {"id": writer.attr("notes.rank"), "index?": False}])
    await jobs.finish()
    assert (await jobs.shown(job_id))["error"] == "invalid-attr-state-error"
    assert not (await jobs.attr("notes.rank")).indexing


async def test_jobs_of_one_kind_for_one_attr_run_in_their_order(writer: Writer, jobs: Jobs) -> None:
    await fill(writer, 1)
    first = await jobs.queue("index", "notes.rank")
    second = await jobs.queue("remove-index", "notes.rank")
    await jobs.reach(first, "update-attr-done")
    assert (await jobs.shown(second))["job_status"] == "waiting"
    await jobs.finish()
    assert not (await jobs.attr("notes.rank")).is_indexed


async def test_every_change_of_the_attr_is_a_transaction_of_the_app(
    writer: Writer, jobs: Jobs
) -> None:
    count = "select count(*) from transactions where app_id = %s::uuid"
    before = await (await writer.conn.execute(count, (writer.app_id,))).fetchone()
    await jobs.done("index", "notes.rank")
    after = await (await writer.conn.execute(count, (writer.app_id,))).fetchone()
    assert before is not None
    assert after is not None
    assert after[0] == before[0] + 2


async def test_job_of_many_windows_passes_every_triple(
    writer: Writer, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "WINDOW_ROWS", 5)
    monkeypatch.setattr(walk, "ENTITIES", 3)
    await fill(writer, *range(12))
    await writer.write(*writer.put("bare", "notes"))
    job = await jobs.done("index", "notes.rank")
    assert job["job_status"] == "completed"
    assert job["work_completed"] == job["work_estimate"] == 12 + 13
    assert await writer.attrs_with_wrong_flags() == set()
