"""Doing one background job from a command, with a progress bar, beside a live server.

The job is an ordinary one: interrupted, it is finished by a server, or by running the command
again.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg
from django.core.management.base import CommandError
from rich.progress import Progress

from triples.attrs.attr import CheckedDataType
from triples.attrs.store import load_catalog
from triples.indexing.job_types import JOB_TYPES
from triples.indexing.stages import run_batch
from triples.indexing.store import NewJob, create_job, shown_job
from triples.management.database import connect
from triples.sql.pool import Connection
from wire.errors import RecordNotFound
from wire.ids import parse_uuid

OTHERS_TURN_SECONDS: Final = 0.2  # a server has the job's batch in hand: look again then


def do_job(
    app: str, name: str, kind: str, checked_type: CheckedDataType | None = None
) -> dict[str, Any]:
    """Queue a job for the attr `etype.label`, see it through, and return it as clients see it."""
    try:
        return asyncio.run(_do_job(app, name, kind, checked_type))
    except psycopg.OperationalError as error:
        raise CommandError(f"PostgreSQL cannot be reached: {error}") from error


async def _do_job(
    app: str, name: str, kind: str, checked_type: CheckedDataType | None
) -> dict[str, Any]:
    app_id = parse_uuid(app)
    etype, _, label = name.partition(".")
    if app_id is None or not label:
        raise CommandError("Name the app by its id, and the attr as etype.label.")
    async with connect() as conn:
        try:
            attr = (await load_catalog(conn, app_id)).forward(etype, label)
        except RecordNotFound as error:
            raise CommandError(f"There is no app {app_id}.") from error
        if attr is None or attr.catalog == "system":
            raise CommandError(f"The app defines no attr {name}.")
        new = NewJob(attr.id, JOB_TYPES[kind], checked_type)
        return await _see_through(conn, app_id, await create_job(conn, app_id, None, new))


async def _see_through(conn: Connection, app_id: str, job_id: str) -> dict[str, Any]:
    with Progress() as progress:
        bar = progress.add_task("triples", total=None)
        while True:
            job = await shown_job(conn, app_id, job_id)
            total = job["work_estimate"]
            progress.update(bar, completed=job["work_completed"], total=total)
            if job["job_status"] in ("completed", "errored"):
                return job
            if not await run_batch(conn, app_id):
                await asyncio.sleep(OTHERS_TURN_SECONDS)
