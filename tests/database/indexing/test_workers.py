"""Jobs survive their workers: cancelled between batches, and two of them at once (§10.1)."""

from __future__ import annotations

import asyncio

import pytest

from tests.database.indexing.jobs import Jobs
from tests.database.transact.writer import Writer
from tests.until import until as waited_until
from triples.indexing import walk
from triples.indexing.worker import IndexingWorker

pytestmark = pytest.mark.asyncio

NOTES = 60
WINDOW = 4
LIMIT_SECONDS = 20.0


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "WINDOW_ROWS", WINDOW)
    monkeypatch.setattr(walk, "ENTITIES", WINDOW)


async def fill(writer: Writer) -> None:
    steps = [
        step
        for n in range(NOTES)
        for step in writer.put(f"note {n}", "notes", text=f"t {n}", rank=n)
    ]
    await writer.write(*steps)


async def until(jobs: Jobs, job_id: str, worked: int) -> None:
    """Return once the job has passed so many rows, or is done."""
    async with asyncio.timeout(30):
        while True:
            job = await jobs.shown(job_id)
            if job["work_completed"] >= worked or job["job_status"] == "completed":
                return
            await asyncio.sleep(0.001)


async def test_job_goes_on_where_a_cancelled_worker_left_it(
    writer: Writer, jobs: Jobs, open_pool: None, small_windows: None
) -> None:
    await fill(writer)
    job_id = await jobs.queue("index", "notes.rank")
    for passed in range(1, 2 * NOTES, 3 * WINDOW):
        worker = IndexingWorker()
        await worker.start()
        await until(jobs, job_id, passed)
        await worker.stop()
    await jobs.finish()
    job = await jobs.shown(job_id)
    assert (job["job_status"], job["error"]) == ("completed", None)
    assert job["work_completed"] == job["work_estimate"] == 2 * NOTES
    assert await writer.attrs_with_wrong_flags() == set()


async def test_two_workers_share_the_jobs_and_do_no_batch_twice(
    writer: Writer, jobs: Jobs, open_pool: None, small_windows: None
) -> None:
    await fill(writer)
    ids = [
        await jobs.queue("index", "notes.rank"),
        await jobs.queue("unique", "notes.rank"),
        await jobs.queue("check-data-type", "notes.rank", "number"),
        await jobs.queue("index", "notes.text"),
    ]
    workers = [IndexingWorker(), IndexingWorker()]
    for worker in workers:
        await worker.start()
    for job_id in ids:
        await until(jobs, job_id, 100 * NOTES)
    for worker in workers:
        await worker.stop()
    for job_id in ids:
        job = await jobs.shown(job_id)
        assert (job["job_status"], job["error"]) == ("completed", None)
        assert job["work_completed"] == job["work_estimate"]
    assert await writer.attrs_with_wrong_flags() == set()


@pytest.mark.parametrize("turns", range(4))
async def test_worker_that_is_woken_while_it_is_told_to_stop_stops(
    open_pool: None, turns: int
) -> None:
    worker = IndexingWorker()
    await worker.start()
    await waited_until(lambda: bool(worker._woken._waiters))
    worker.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    stopping = asyncio.create_task(worker.stop())
    done, _ = await asyncio.wait({stopping}, timeout=LIMIT_SECONDS)
    assert done == {stopping}
