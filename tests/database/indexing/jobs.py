"""Queueing and doing jobs in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.database.transact.writer import Writer
from triples.attrs.attr import Attr, CheckedDataType
from triples.attrs.store import load_catalog
from triples.indexing.job_types import JOB_TYPES
from triples.indexing.stages import run_batch
from triples.indexing.store import NewJob, create_job, shown_job


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of the writer's app."""

    writer: Writer

    async def queue(self, kind: str, name: str, checked: CheckedDataType | None = None) -> str:
        """The id of a new job for an attr."""
        new = NewJob(self.writer.attr(name), JOB_TYPES[kind], checked)
        return await create_job(self.writer.conn, self.writer.app_id, None, new)

    async def batch(self) -> bool:
        """One batch of whichever job has its turn."""
        return await run_batch(self.writer.conn, self.writer.app_id)

    async def shown(self, job_id: str) -> dict[str, Any]:
        """The job as clients see it."""
        return await shown_job(self.writer.conn, self.writer.app_id, job_id)

    async def reach(self, job_id: str, stage: str) -> None:
        """Do batches until the job stands before this stage."""
        while (await self.shown(job_id))["job_stage"] != stage:
            assert await self.batch(), f"there is no stage {stage}"

    async def finish(self) -> None:
        """Do batches until nothing is left."""
        while await self.batch():
            pass

    async def done(
        self, kind: str, name: str, checked: CheckedDataType | None = None
    ) -> dict[str, Any]:
        """Queue a job, do it to its end, and show it."""
        job_id = await self.queue(kind, name, checked)
        await self.finish()
        return await self.shown(job_id)

    async def attr(self, name: str) -> Attr:
        """The attr as it is stored."""
        catalog = await load_catalog(self.writer.conn, self.writer.app_id)
        attr = catalog.by_id(self.writer.attr(name))
        assert attr is not None
        return attr
