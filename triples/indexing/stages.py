"""One batch of one job: what the job's stage does, and where the job stands after it.

A batch is one transaction. It locks the job's row, then the app (so that no write slips between
what is read and what is stored), works, and stores the place it reached: all or nothing, so that a
crash at any moment leaves a job that simply goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg.errors import UniqueViolation

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.indexing import walk
from triples.indexing.job_types import Stage
from triples.indexing.store import Failure, Job, save_job, take_job
from triples.sql.pool import Connection
from triples.values.missing_keys import fill_sort_keys

KEYS_AT_ONCE: Final = 5_000

_LOCK: Final = """
select
  pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 0)),
  set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true)
"""
_TRANSACTION: Final = "insert into transactions (app_id) values (%s::uuid)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch came to: a place to go on from, the end of the stage, or a failure."""

    place: list[Any] | None = None
    worked: int = 0
    estimate: int | None = None
    failure: Failure | None = None


ATTR_CHANGED: Final = Failure("invalid-attr-state-error")


async def run_batch(conn: Connection, app_id: str | None = None) -> bool:
    """Do one batch of the job whose turn it is; False when there was nothing to do.

    The connection must be in autocommit. Raises what PostgreSQL raises, with nothing stored.
    """
    async with conn.transaction():
        job = await take_job(conn, app_id)
        if job is None:
            return False
        await conn.execute(_LOCK, (job.app_id,))
        await _advance(conn, job, await _worked(conn, job))
    return True


async def _worked(conn: Connection, job: Job) -> Outcome:
    if job.stage == "undo-triples":
        # Also while the attr is hidden: it no longer says that a job is at it, so whoever restores
        # it would not know of the rest.
        return await _rewrite(conn, job)
    catalog = await load_catalog(conn, job.app_id)
    attr = catalog.by_id(job.attr_id)
    if attr is None or attr.catalog == "system" or not await _holds(conn, job):
        return Outcome(failure=ATTR_CHANGED)
    return await _stage(conn, job, attr, catalog)


async def fail_next(conn: Connection, app_id: str | None = None) -> None:
    """End the job whose turn it is as failed for a reason that nobody foresaw."""
    async with conn.transaction():
        job = await take_job(conn, app_id)
        if job is None:
            return
        await conn.execute(_LOCK, (job.app_id,))
        if job.stage == "undo-triples":
            await save_job(conn, job, status="errored", stage=job.stage)
        else:
            await _advance(conn, job, Outcome(failure=Failure("unexpected-error")))


async def _stage(conn: Connection, job: Job, attr: Attr, catalog: AttrCatalog) -> Outcome:
    match job.stage:
        case "estimate-work":
            return Outcome(estimate=await _estimate(conn, job, attr, catalog))
        case "update-attr-start" | "update-attr":
            await _set_attr(conn, job, job.job_type.start)
            return Outcome()
        case "update-attr-done":
            await _set_attr(conn, job, job.job_type.done)
            return Outcome()
        case "validate" | "revalidate":
            if job.job_type.name == "required":
                return await _validate_required(conn, job, attr, catalog)
            return await _validate_type(conn, job)
        case "insert-nulls":
            return await _insert_nulls(conn, job, attr, catalog)
        case "update-triples":
            return await _update_triples(conn, job)
        case "undo-triples":
            raise ValueError("undoing asks nothing of the attr")


async def _advance(conn: Connection, job: Job, outcome: Outcome) -> None:
    """Store where the job stands after a batch."""
    if outcome.failure is not None:
        await _abort(conn, job, outcome.failure)
    elif outcome.place is not None:
        await save_job(
            conn,
            job,
            status="processing",
            stage=job.stage,
            place=outcome.place,
            worked=outcome.worked,
        )
    elif (following := job.job_type.after(job.stage)) is not None:
        await save_job(conn, job, status="processing", stage=following, estimate=outcome.estimate)
    else:
        status = "completed" if job.error is None else "errored"
        await save_job(conn, job, status=status, stage=job.stage)


async def _abort(conn: Connection, job: Job, failure: Failure) -> None:
    """Give the attr its state without the job; triples that were rewritten follow in batches."""
    kind = job.job_type
    if job.stage == "undo-triples" or not kind.has_started(job.stage):
        await save_job(conn, job, status="errored", stage=job.stage, failure=failure)
        return
    stored = await _set_attr(conn, job, kind.abort)
    if stored and "update-triples" in kind.stages:
        undo: Stage = "undo-triples"
        await save_job(conn, job, status="processing", stage=undo, failure=failure)
    else:
        await save_job(conn, job, status="errored", stage=job.stage, failure=failure)


async def _holds(conn: Connection, job: Job) -> bool:
    """Whether the attr is still as the job has made it."""
    if not job.job_type.has_started(job.stage):
        return True
    text = f"select ({job.job_type.holds}) from attrs {_OF_JOB}"
    row = await (await conn.execute(text, _values(job))).fetchone()
    return row is not None and bool(row[0])


_OF_JOB: Final = """
where app_id = %(app_id)s::uuid and id = %(attr_id)s::uuid and deletion_marked_at is null
"""


async def _set_attr(conn: Connection, job: Job, assignments: str) -> bool:
    """Change the attr, with a transaction of its own for clients to see; False without an attr."""
    cursor = await conn.execute(f"update attrs set {assignments} {_OF_JOB}", _values(job))
    await conn.execute(_TRANSACTION, (job.app_id,))
    return cursor.rowcount > 0


def _values(job: Job) -> dict[str, Any]:
    return {"app_id": job.app_id, "attr_id": job.attr_id, "type": job.checked_data_type}


async def _estimate(conn: Connection, job: Job, attr: Attr, catalog: AttrCatalog) -> int:
    id_attr = catalog.id_attr(attr.etype)
    entities = 0 if id_attr is None else await walk.count_entities(conn, job.app_id, id_attr.id)
    if job.job_type.name == "required":
        return 2 * entities
    triples = await walk.count_triples(conn, job.app_id, job.attr_id)
    match job.job_type.name:
        case "check-data-type":
            return 3 * triples
        case "index" if attr.is_blob:
            return triples + entities
        case _:
            return triples


async def _validate_type(conn: Connection, job: Job) -> Outcome:
    if job.checked_data_type is None:
        return Outcome(failure=ATTR_CHANGED)
    passed, wrong = await walk.not_of_type(
        conn, job.app_id, job.attr_id, job.checked_data_type, job.place
    )
    if wrong:
        return Outcome(failure=Failure("invalid-triple-error", wrong))
    return Outcome(passed.place, passed.rows)


async def _validate_required(
    conn: Connection, job: Job, attr: Attr, catalog: AttrCatalog
) -> Outcome:
    id_attr = catalog.id_attr(attr.etype)
    names = {"etype": attr.etype, "label": attr.label}
    if id_attr is None:
        return Outcome(failure=Failure("missing-required-error", data={**names, "count": 0}))
    passed, lacking = await walk.incomplete(conn, job.app_id, job.attr_id, id_attr.id, job.place)
    if not lacking:
        return Outcome(passed.place, passed.rows)
    shown = lacking[: walk.SAMPLE_ROWS]
    sample = [{"entity_id": entity, "value": None, "json_type": "null"} for entity in shown]
    data = {**names, "count": len(lacking), "entity-ids": shown}
    return Outcome(failure=Failure("missing-required-error", sample, data=data))


async def _insert_nulls(conn: Connection, job: Job, attr: Attr, catalog: AttrCatalog) -> Outcome:
    id_attr = catalog.id_attr(attr.etype)
    if attr.is_ref or id_attr is None:
        return Outcome()
    passed = await walk.insert_nulls(conn, job.app_id, job.attr_id, id_attr.id, job.place)
    return Outcome(passed.place, passed.rows)


async def _update_triples(conn: Connection, job: Job) -> Outcome:
    if job.job_type.limits_size:
        large = await walk.too_large(conn, job.app_id, job.attr_id, job.place)
        if large:
            return Outcome(failure=Failure("triple-too-large-error", large))
    try:
        async with conn.transaction():
            return await _rewrite(conn, job)
    except UniqueViolation:
        sample = await walk.duplicates(conn, job.app_id, job.attr_id)
        value = sample[0]["value"] if sample else None
        return Outcome(failure=Failure("triple-not-unique-error", sample, value))


async def _rewrite(conn: Connection, job: Job) -> Outcome:
    kind = job.job_type.serial_key
    passed = await walk.rewrite(conn, job.app_id, job.attr_id, kind, job.place)
    while await fill_sort_keys(conn, job.app_id, KEYS_AT_ONCE):
        pass
    return Outcome(passed.place, passed.rows)
