"""Rows written and read with plain SQL, as `psql` would, for tests of what the tables promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from triples.sql.pool import Connection
from wire.ids import new_id

_INSERT_ATTR = """
insert into attrs (id, app_id, value_type, cardinality, forward_ident, etype, label)
values (%s::uuid, %s::uuid, 'blob', 'one', %s::uuid, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Storage:
    """The rows of one app."""

    conn: Connection
    app_id: str

    async def insert_attr(self, etype: str, label: str) -> str:
        """An attr without anything special; returns its id."""
        attr_id = new_id()
        values = (attr_id, self.app_id, new_id(), etype, label)
        await self.conn.execute(_INSERT_ATTR, values)
        return attr_id

    async def insert(
        self, value: Any, *, entity: str | None = None, attr: str | None = None, **columns: Any
    ) -> str:
        """A triple with flags and other columns by name; returns the entity's id."""
        entity = entity or new_id()
        row = {"entity_id": entity, "attr_id": attr or new_id(), "value": Jsonb(value), **columns}
        names, marks = ", ".join(["app_id", *row]), ", ".join(["%s"] * (len(row) + 1))
        await self.conn.execute(
            f"insert into triples ({names}) values ({marks})", (self.app_id, *row.values())
        )
        return entity

    async def column(self, name: str, entity: str) -> Any:
        """One column of the entity's only triple."""
        cursor = await self.conn.execute(
            f"select {name} from triples where app_id = %s::uuid and entity_id = %s::uuid",
            (self.app_id, entity),
        )
        (row,) = await cursor.fetchall()
        return row[0]

    async def attrs_version(self) -> int:
        """How often attrs or idents of the app have changed."""
        cursor = await self.conn.execute(
            "select attrs_version from apps where id = %s::uuid", (self.app_id,)
        )
        (row,) = await cursor.fetchall()
        return int(row[0])


async def pass_time(conn: Connection, seconds: float) -> None:
    """Let every token bucket believe that so much time has gone by."""
    await conn.execute(
        "update token_buckets set filled_at = filled_at - %(s)s * interval '1 second',"
        " forget_at = forget_at - %(s)s * interval '1 second'",
        {"s": seconds},
    )
