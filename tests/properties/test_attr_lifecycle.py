"""Attrs that are hidden, restored, indexed, typed and made unique in any order lose no value.

Jobs run a batch at a time between the other things that happen. In the end every attr is restored
and every job done: then values are what was last written, and flags are what the attrs say.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any, Final

import pytest

from tests.conftest import Effort
from tests.database.transact.writer import Writer
from triples import tenants
from triples.attrs.attr import CheckedDataType
from triples.attrs.store import load_catalog
from triples.indexing import walk
from triples.indexing.job_types import JOB_TYPES
from triples.indexing.stages import run_batch
from triples.indexing.store import NewJob, create_job
from triples.management.database import connect
from wire.errors import InstantError

pytestmark = pytest.mark.database

SEQUENCES: Final = 60
CAMPAIGN_SEQUENCES: Final = 3_000
HAPPENINGS: Final = 30
ENTITIES: Final = 8
WINDOW: Final = 3
TYPES: Final[tuple[CheckedDataType, ...]] = ("number", "string")
KINDS: Final = tuple(kind for kind in JOB_TYPES if "required" not in kind)
ATTRS: Final = ("notes.rank", "notes.text")

Values = dict[tuple[str, str], Any]


def test_no_order_of_changes_loses_a_value_or_leaves_a_flag(
    seed: int, effort: Effort, django_db_setup: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "WINDOW_ROWS", WINDOW)
    monkeypatch.setattr(walk, "LOOKED_AT_ROWS", WINDOW)
    monkeypatch.setattr(walk, "ENTITIES", WINDOW)
    asyncio.run(_sequences(seed, effort.cases(SEQUENCES, CAMPAIGN_SEQUENCES)))


async def _sequences(seed: int, count: int) -> None:
    async with connect() as conn:
        for number in range(count):
            writer = Writer(conn, (await tenants.create_app(conn, "lifecycle")).app.id)
            await writer.write(*(writer.add_attr(name) for name in ("notes.id", *ATTRS)))
            story = _Story(writer, Random(f"{seed}/{number}"), f"sequence {seed}/{number}")
            for _ in range(HAPPENINGS):
                await story.go_on()
            await story.end()


class _Story:
    """One app's attrs, what was written, and which attrs are hidden."""

    def __init__(self, writer: Writer, rng: Random, name: str) -> None:
        self.writer = writer
        self.rng = rng
        self.name = name
        self.values: Values = {}
        self.hidden: set[str] = set()

    async def go_on(self) -> None:
        """Let one thing happen."""
        attr = self.rng.choice(ATTRS)
        match self.rng.randrange(10):
            case 0 | 1 | 2 | 3:
                await self._write(attr)
            case 4:
                await self._hide_or_restore(attr)
            case 5:
                await self._update(attr)
            case 6 | 7 if attr not in self.hidden:
                await self._queue(attr)
            case _:
                for _ in range(self.rng.randrange(1, 5)):
                    await run_batch(self.writer.conn, self.writer.app_id)

    async def end(self) -> None:
        """Restore what is hidden, do what is queued, and look."""
        for hidden in sorted(self.hidden):
            await self.writer.write(["restore-attr", self.writer.attr(hidden)])
        while await run_batch(self.writer.conn, self.writer.app_id):
            pass
        catalog = await load_catalog(self.writer.conn, self.writer.app_id)
        for name in ATTRS:
            attr = catalog.by_id(self.writer.attr(name))
            assert attr is not None, self.name
            flags = (attr.indexing, attr.setting_unique, attr.checking_data_type)
            assert flags == (False, False, False), f"{self.name}: {name}"
        assert await self.writer.attrs_with_wrong_flags() == set(), self.name
        assert await self._stored() == self.values, self.name

    async def _write(self, attr: str) -> None:
        entity = self.writer.entity(str(self.rng.randrange(ENTITIES)))
        value = self.rng.choice((1, 2, 2.5, "one", "two", True, "x" * 1013))
        own = ["add-triple", entity, self.writer.attr("notes.id"), entity]
        refusal = await self._refusal(own, ["add-triple", entity, self.writer.attr(attr), value])
        if attr in self.hidden:
            assert refusal == "sql-raise", self.name
        elif refusal is None:
            self.values[entity, attr] = value
        else:
            assert refusal in CONSTRAINTS, self.name

    async def _hide_or_restore(self, attr: str) -> None:
        op = "restore-attr" if attr in self.hidden else "delete-attr"
        await self.writer.write([op, self.writer.attr(attr)])
        self.hidden ^= {attr}

    async def _update(self, attr: str) -> None:
        """Ask for other flags at once; a value that forbids it is a refusal."""
        key = self.rng.choice(("index?", "unique?"))
        change = {"id": self.writer.attr(attr), key: self.rng.random() < 0.5}
        assert await self._refusal(["update-attr", change]) in {None, *CONSTRAINTS}, self.name

    async def _refusal(self, *steps: list[Any]) -> str | None:
        """The type of the error that the steps are answered with."""
        try:
            await self.writer.write(*steps)
        except InstantError as refusal:
            return refusal.type
        return None

    async def _queue(self, attr: str) -> None:
        kind = self.rng.choice(KINDS)
        checked = self.rng.choice(TYPES) if kind == "check-data-type" else None
        new = NewJob(self.writer.attr(attr), JOB_TYPES[kind], checked)
        await create_job(self.writer.conn, self.writer.app_id, None, new)

    async def _stored(self) -> Values:
        """All values but ids, and nulls that indexing gives to entities without a value."""
        names = {self.writer.attr(name): name for name in ATTRS}
        rows = await self.writer.rows()
        return {(e, names[a]): value for e, a, value in rows if a in names and value is not None}


CONSTRAINTS: Final = {"validation-failed", "record-not-unique"}
