"""Doing the steps of a plan: attr steps as one transaction, the others as background jobs (§11.3).

Steps also come straight from clients, with quirks that are put right here: deletions go first, so
that a name can be used again in the same push, and untyped attrs may say that their type is `any`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from triples.attrs.attr import CheckedDataType
from triples.attrs.store import load_catalog
from triples.indexing.job_types import JOB_TYPES
from triples.indexing.store import NewJob, create_job, jobs_of_group
from triples.indexing.worker import wake_workers
from triples.schema.document import parse_schema
from triples.schema.plan import Options, plan_steps
from triples.sql.pool import Connection
from triples.transact.author import Author
from triples.transact.transact import transact
from wire.errors import ValidationFailed
from wire.ids import new_id, parse_uuid

ADMIN: Final = Author(is_admin=True, user_id=None)
_ATTR_STEPS: Final = ("delete-attr", "restore-attr", "update-attr", "add-attr")
_UNTYPED: Final = ("any", "json")
_TYPES: Final[dict[str, CheckedDataType]] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}

_TRANSACTION: Final = """
select id, app_id, created_at from transactions where app_id = %s::uuid and id = %s
"""


async def apply_steps(conn: Connection, app_id: str, steps: Any) -> dict[str, Any]:
    """Do the steps; the reply says which jobs were queued for them.

    Raises `ValidationFailed` for steps that cannot be read, before anything is done.
    """
    if not isinstance(steps, list):
        raise ValidationFailed.of("steps", None, [{"expected": "coll?", "in": []}])
    jobs = [_parsed_job(step, at) for at, step in enumerate(steps)]
    attr_steps = [_tidied(step) for step, job in zip(steps, jobs, strict=True) if job is None]
    attr_steps.sort(key=lambda step: _ATTR_STEPS.index(step[0]))
    transaction: dict[str, Any] = {}
    if attr_steps:
        transacted = await transact(conn, app_id, attr_steps, ADMIN)
        transaction = await _shown_transaction(conn, app_id, transacted.tx_id)
    replied, queued = await _queue(conn, app_id, steps, jobs)
    return {"transaction": transaction, "steps": replied, "indexing-jobs": queued}


async def apply_new_schema(conn: Connection, app_id: str, schema: dict[str, Any]) -> None:
    """Make the attrs of an app just created from a schema document (http-api.md §7.4)."""
    catalog = await load_catalog(conn, app_id)
    options = Options(checks_types=True, background=False)
    steps = plan_steps(catalog, parse_schema(schema), options)
    if steps:
        await transact(conn, app_id, steps, ADMIN)


async def _queue(
    conn: Connection, app_id: str, steps: Sequence[Any], jobs: Sequence[NewJob | None]
) -> tuple[list[Any], dict[str, Any] | None]:
    """Make a group of the wanted jobs; the steps with the ids of theirs."""
    if not any(jobs):
        return list(steps), None
    group_id = new_id()
    replied: list[Any] = []
    async with conn.transaction():
        for step, job in zip(steps, jobs, strict=True):
            if job is None:
                replied.append(step)
            else:
                job_id = await create_job(conn, app_id, group_id, job)
                replied.append([step[0], {**step[1], "job-id": job_id}])
    shown = await jobs_of_group(conn, app_id, group_id)
    wake_workers()
    return replied, {"group-id": group_id, "jobs": shown}


def _parsed_job(step: Any, at: int) -> NewJob | None:
    """The job that a step asks for; None for a step about an attr."""
    if not isinstance(step, list) or len(step) != 2 or not isinstance(step[0], str):
        raise _refusal("a step is an action and its subject", at)
    action, fields = step
    if action in _ATTR_STEPS:
        return None
    if action not in JOB_TYPES:
        raise _refusal(f"unknown action {action}", at, 0)
    if not isinstance(fields, dict):
        raise _refusal("map?", at, 1)
    return parse_job(action, fields.get("attr-id"), fields.get("checked-data-type"), at)


def parse_job(job_type: str, attr_id: Any, checked_type: Any, *where: int) -> NewJob:
    """A wanted job from what a client sent; raises `ValidationFailed`."""
    parsed = parse_uuid(attr_id)
    if parsed is None:
        raise _refusal("uuid?", *where, "attr-id")
    if job_type != "check-data-type":
        return NewJob(parsed, JOB_TYPES[job_type])
    if not isinstance(checked_type, str) or checked_type not in _TYPES:
        raise _refusal(" or ".join(_TYPES), *where, "checked-data-type")
    return NewJob(parsed, JOB_TYPES[job_type], _TYPES[checked_type])


def _refusal(expected: str, *where: int | str) -> ValidationFailed:
    message = f"Expected {expected}"
    error = {"message": message, "expected": expected, "in": list(where)}
    return ValidationFailed.of("steps", None, [error])


def _tidied(step: list[Any]) -> list[Any]:
    action, fields = step
    if not isinstance(fields, dict):
        return step
    fields = dict(fields)
    if fields.get("checked-data-type") in _UNTYPED:
        del fields["checked-data-type"]
    for key in ("forward-identity", "reverse-identity"):
        identity = fields.get(key)
        if action == "update-attr" and isinstance(identity, list) and len(identity) == 2:
            fields[key] = [fields.get("id"), *identity]
    return [action, fields]


async def _shown_transaction(conn: Connection, app_id: str, tx_id: int) -> dict[str, Any]:
    row = await (await conn.execute(_TRANSACTION, (app_id, tx_id))).fetchone()
    if row is None:
        raise RuntimeError("a committed transaction has a row")
    created_at = row[2].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": row[0], "app_id": row[1], "created_at": created_at}
