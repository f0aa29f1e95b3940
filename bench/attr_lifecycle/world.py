"""What the attr bench measures on: one app with an attr of very many values, one with a writer."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.errors import LockNotAvailable

from bench.writes.writers import App, made_app
from triples.sql import pool
from triples.transact.transact import Author, transact
from wire.ids import new_id

ADMIN = Author(is_admin=True, user_id=None)

# An entity each, with its id and its value, as they are stored for an indexed number.
_FILL = """
insert into triples (app_id, entity_id, attr_id, ea, av, ave, checked_data_type, sort_key, value)
select %(app)s::uuid, entity, attr, true, attr = %(id)s::uuid, attr = %(big)s::uuid,
  case when attr = %(big)s::uuid then 'number' end,
  case when attr = %(big)s::uuid then int8send(n) end,
  case when attr = %(big)s::uuid then to_jsonb(n) else to_jsonb(entity) end
from generate_series(%(first)s::bigint, %(last)s::bigint) as n,
  lateral (select md5(n::text)::uuid as entity) as made,
  unnest(array[%(id)s, %(big)s]::uuid[]) as attr
"""
FILL_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class BigAttr:
    """An indexed, typed attr."""

    app: App
    id: str

    @classmethod
    async def make(cls) -> BigAttr:
        """In an app of its own, without values."""
        app, attr_id = await made_app(), new_id()
        attr = {
            "id": attr_id,
            "forward-identity": [new_id(), "todos", "rank"],
            "value-type": "blob",
            "cardinality": "one",
            "unique?": False,
            "index?": True,
            "checked-data-type": "number",
        }
        async with pool.connection() as conn:
            await transact(conn, app.id, [["add-attr", attr]], ADMIN)
        return cls(app, attr_id)

    def fill(self, database_url: str, values: int) -> None:
        """Store so many values, as many entities, and let PostgreSQL look at them."""
        with psycopg.connect(database_url, autocommit=True) as conn:
            for first in range(1, values + 1, FILL_AT_ONCE):
                rows = {
                    "app": self.app.id,
                    "id": self.app.attrs[0],
                    "big": self.id,
                    "first": first,
                    "last": min(values, first + FILL_AT_ONCE - 1),
                }
                conn.execute(_FILL, rows)
            conn.execute("vacuum analyze triples")

    async def step(self, op: str) -> float:
        """Do `delete-attr` or `restore-attr`; the milliseconds it took."""
        async with pool.connection() as conn:
            started = time.perf_counter()
            await transact(conn, self.app.id, [[op, self.id]], ADMIN)
            return (time.perf_counter() - started) * 1000


class Writing:
    """One write after the other to an app, while the block lasts.

    `took` has their milliseconds; `blocked` counts those that waited for a lock for longer than
    `patience_ms`, and were given up.
    """

    def __init__(self, app: App, patience_ms: int = 0) -> None:
        self._app = app
        self._patience_ms = patience_ms
        self._task: asyncio.Task[None] | None = None
        self.took: list[float] = []
        self.blocked = 0

    async def __aenter__(self) -> Writing:
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: Any) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _write(self) -> None:
        async with pool.connection() as conn:
            await conn.execute(f"set lock_timeout = {self._patience_ms}")
            while True:
                started = time.perf_counter()
                try:
                    await transact(conn, self._app.id, self._app.create(), ADMIN)
                except LockNotAvailable:
                    self.blocked += 1
                self.took.append((time.perf_counter() - started) * 1000)
