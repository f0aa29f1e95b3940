"""The rows of jobs: making them, taking the next one, storing how far it is, showing them.

What a job does is in `triples.indexing.stages`. Spec: transactions-permissions.md §10.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from psycopg.types.json import Jsonb

from triples.attrs.attr import CheckedDataType
from triples.indexing.job_types import JOB_TYPES, JobType, Stage
from triples.sql.pool import Connection
from wire.errors import RecordNotFound
from wire.ids import new_id

_CREATE: Final = """
insert into indexing_jobs (
  id, app_id, group_id, attr_id, attr_name, job_type, serial_key, job_stage, checked_data_type
)
select %s::uuid, app_id, %s::uuid, id, etype || '.' || label, %s, %s, %s, %s
from attrs
where app_id = %s::uuid and id = %s::uuid and deletion_marked_at is null
returning id
"""

# Which job has waited longest for its next batch? Earlier jobs of the same kind for the same attr
# go first; a job whose row is locked is having its batch in another process.
_TAKE: Final = """
select
  id, app_id, attr_id, attr_name, job_type, job_stage, checked_data_type, place, work_completed,
  error
from indexing_jobs as job
where job_status in ('waiting', 'processing')
  and (%(app_id)s::uuid is null or app_id = %(app_id)s::uuid)
  and exists (select from apps where apps.id = job.app_id and apps.deletion_marked_at is null)
  and not exists (
    select from indexing_jobs as earlier
    where earlier.app_id = job.app_id
      and earlier.attr_id = job.attr_id
      and earlier.serial_key = job.serial_key
      and earlier.position < job.position
      and earlier.job_status in ('waiting', 'processing')
  )
order by updated_at, position
limit 1
for update skip locked
"""
_SAVE: Final = """
update indexing_jobs set
  job_status = %(status)s, job_stage = %(stage)s, place = %(place)s,
  work_estimate = coalesce(%(estimate)s, work_estimate), work_completed = %(completed)s,
  error = coalesce(%(error)s, error), error_data = coalesce(%(error_data)s, error_data),
  invalid_unique_value = coalesce(%(unique_value)s, invalid_unique_value),
  invalid_triples_sample = coalesce(%(sample)s, invalid_triples_sample),
  updated_at = clock_timestamp(),
  done_at = case when %(status)s in ('completed', 'errored') then clock_timestamp() end
where id = %(id)s::uuid
"""
_SHOWN: Final = """
select
  id, app_id, group_id, attr_id, attr_name, job_type, job_status, job_stage, work_estimate,
  work_completed, error, checked_data_type, created_at, updated_at, done_at,
  invalid_unique_value, invalid_triples_sample, error_data
from indexing_jobs
where app_id = %s::uuid and {column} = %s::uuid
order by position
"""
_OF_GROUP: Final = _SHOWN.format(column="group_id")
_OF_ID: Final = _SHOWN.format(column="id")


@dataclass(frozen=True, slots=True)
class Job:
    """An unfinished job as the process that took it sees it."""

    id: str
    app_id: str
    attr_id: str
    attr_name: str
    job_type: JobType
    stage: Stage
    checked_data_type: CheckedDataType | None
    place: list[Any] | None
    work_completed: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job cannot succeed, with what helps to find the values at fault."""

    error: str
    sample: list[dict[str, Any]] | None = None
    unique_value: Any = None
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is wanted."""

    attr_id: str
    job_type: JobType
    checked_data_type: CheckedDataType | None = None


async def create_job(conn: Connection, app_id: str, group_id: str | None, new: NewJob) -> str:
    """Queue a job; its id. Raises `RecordNotFound` unless the app has the attr itself."""
    kind = new.job_type
    values = (new_id(), group_id, kind.name, kind.serial_key, kind.stages[0])
    cursor = await conn.execute(_CREATE, (*values, new.checked_data_type, app_id, new.attr_id))
    row = await cursor.fetchone()
    if row is None:
        raise RecordNotFound("attr")
    return cast(str, row[0])


async def take_job(conn: Connection, app_id: str | None = None) -> Job | None:
    """Lock the job whose turn it is, of any app or of one; None when nothing can be done now."""
    row = await (await conn.execute(_TAKE, {"app_id": app_id})).fetchone()
    if row is None:
        return None
    job_id, of_app, attr_id, attr_name, kind, *rest = row
    return Job(job_id, of_app, attr_id, attr_name, JOB_TYPES[kind], *rest)


async def save_job(
    conn: Connection,
    job: Job,
    *,
    status: str,
    stage: Stage,
    place: list[Any] | None = None,
    worked: int = 0,
    estimate: int | None = None,
    failure: Failure | None = None,
) -> None:
    """Store where the job stands, in the transaction of the batch that brought it there."""
    failure = failure or Failure("")
    values = {
        "id": job.id,
        "status": status,
        "stage": stage,
        "place": _json(place),
        "estimate": estimate,
        "completed": job.work_completed + worked,
        "error": failure.error or None,
        "error_data": _json(failure.data),
        "unique_value": _json(failure.unique_value),
        "sample": _json(failure.sample),
    }
    await conn.execute(_SAVE, values)


async def jobs_of_group(conn: Connection, app_id: str, group_id: str) -> list[dict[str, Any]]:
    """The group's jobs as clients read them, in the order of their steps."""
    cursor = await conn.execute(_OF_GROUP, (app_id, group_id))
    return [_wire(cursor.description or (), row) for row in await cursor.fetchall()]


async def shown_job(conn: Connection, app_id: str, job_id: str) -> dict[str, Any]:
    """One job as clients read it; raises `RecordNotFound`."""
    cursor = await conn.execute(_OF_ID, (app_id, job_id))
    row = await cursor.fetchone()
    if row is None:
        raise RecordNotFound("indexing-job")
    return _wire(cursor.description or (), row)


def _json(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def _wire(columns: Sequence[Any], row: Sequence[Any]) -> dict[str, Any]:
    return {column.name: _shown(value) for column, value in zip(columns, row, strict=True)}


def _shown(value: Any) -> Any:
    """Times in the form clients parse; fractions tell two batches of one second apart."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value
