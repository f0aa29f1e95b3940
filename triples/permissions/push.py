"""Storing an app's rules, and remembering what they were (§12.4).

A version is counted only where the rules really change. Whoever holds rules of the app learns of it
from the change feed, or from the stamp that comes with every statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from triples.sql.pool import Connection

MAX_VERSIONS: Final = 50
"""How many changes of an app's rules are remembered."""

_STORED: Final = "select code, version from rules where app_id = %s::uuid for update"
_INSERT: Final = "insert into rules (app_id, code, version) values (%s::uuid, %s, 0)"
_UPDATE: Final = "update rules set code = %s, version = %s where app_id = %s::uuid"
_REMEMBER: Final = """
with old as (
  delete from rule_versions
  where app_id = %(app_id)s::uuid and version <= %(version)s - %(kept)s
)
insert into rule_versions (app_id, version, edits)
values (%(app_id)s::uuid, %(version)s, %(edits)s)
on conflict (app_id, version) do update set edits = excluded.edits, created_at = now()
"""
_VERSIONS: Final = """
select version, edits, created_at
from rule_versions
where app_id = %s::uuid
order by version desc
limit %s
"""
# Two first pushes at once must not both find nothing stored.
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('rules ' || %s::uuid::text, 0))"


@dataclass(frozen=True, slots=True)
class StoredRules:
    """What is stored after a push."""

    app_id: str
    code: Any
    version: int

    def to_wire(self) -> dict[str, Any]:
        """The rules as tools read them."""
        return {"app_id": self.app_id, "code": self.code, "version": self.version}


async def put_rules(conn: Connection, app_id: str, code: Any) -> StoredRules:
    """Store a checked document as the app's rules; equal ones stay what they are."""
    async with conn.transaction():
        await conn.execute(_LOCK, (app_id,))
        row = await (await conn.execute(_STORED, (app_id,))).fetchone()
        if row is None:
            await conn.execute(_INSERT, (app_id, Jsonb(code)))
            return StoredRules(app_id, code, 0)
        before, version = row
        edits = list(_edits(code, before, []))
        if not edits:
            return StoredRules(app_id, before, version)
        await conn.execute(_UPDATE, (Jsonb(code), version + 1, app_id))
        values = {
            "app_id": app_id,
            "version": version + 1,
            "kept": MAX_VERSIONS,
            "edits": Jsonb(edits),
        }
        await conn.execute(_REMEMBER, values)
        return StoredRules(app_id, code, version + 1)


async def pull_rules(conn: Connection, app_id: str) -> Any:
    """The app's rules as they were pushed; None where there are none."""
    cursor = await conn.execute("select code from rules where app_id = %s::uuid", (app_id,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def rule_versions(conn: Connection, app_id: str) -> list[dict[str, Any]]:
    """The newest changes, each with the edits that lead back to the version before it."""
    cursor = await conn.execute(_VERSIONS, (app_id, MAX_VERSIONS))
    return [
        {"version": version, "edits": edits, "created_at": created_at.isoformat()}
        for version, edits, created_at in await cursor.fetchall()
    ]


def _edits(new: Any, old: Any, path: list[str]) -> Iterator[list[Any]]:
    """What turns the new document into the old one: `[path, op, value]`, ops `+`, `-` and `r`."""
    if isinstance(new, dict) and isinstance(old, dict):
        for key in sorted(new.keys() | old.keys()):
            below = [*path, key]
            if key not in old:
                yield [below, "-"]
            elif key not in new:
                yield [below, "+", old[key]]
            else:
                yield from _edits(new[key], old[key], below)
    elif type(new) is not type(old) or new != old:
        yield [path, "r", old]
