"""Softly deleted attrs: listing them, and removing for good those whose days of grace are over.

Deleting and restoring are steps of a write, `triples.transact.attr_steps`. Spec:
transactions-permissions.md §9.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.indexing import walk
from triples.sql.pool import Connection

GRACE_DAYS: Final = 2

_LISTED: Final = """
select
  deletion_marked_at,
  id, etype, label, forward_ident, value_type, cardinality,
  is_unique, is_indexed, coalesce(is_required, false),
  reverse_etype, reverse_label, reverse_ident,
  checked_data_type, on_delete, on_delete_reverse, inferred_types,
  checking_data_type, indexing, setting_unique, 'user', metadata
from attrs
where app_id = %s::uuid and deletion_marked_at is not null
order by deletion_marked_at, id
"""
_DUE: Final = """
select app_id, id, etype, label
from attrs
where deletion_marked_at < now() - %s * interval '1 day'
order by deletion_marked_at, id
limit %s
"""
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 0))"

# Is it still to go? It may have been restored since it was listed.
_STILL_DUE: Final = """
select from attrs
where app_id = %s::uuid and id = %s::uuid and deletion_marked_at < now() - %s * interval '1 day'
"""
_DELETE_IDENTS: Final = "delete from idents where app_id = %s::uuid and attr_id = %s::uuid"
_DELETE_ATTR: Final = "delete from attrs where app_id = %s::uuid and id = %s::uuid"


@dataclass(frozen=True, slots=True)
class DueAttr:
    """A softly deleted attr whose days of grace are over; its names are branded."""

    app_id: str
    id: str
    etype: str
    label: str


async def soft_deleted_attrs(conn: Connection, app_id: str) -> dict[str, Any]:
    """The app's softly deleted attrs as clients read them."""
    rows = await (await conn.execute(_LISTED, (app_id,))).fetchall()
    attrs = [
        {
            **Attr(*row[1:]).to_wire(),
            "deletion-marked-at": row[0].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for row in rows
    ]
    return {"attrs": attrs, "grace-period-days": GRACE_DAYS}


async def due_attrs(
    conn: Connection, grace_days: float = GRACE_DAYS, limit: int | None = None
) -> list[DueAttr]:
    """The attrs of all apps that are to be removed, those that wait longest first."""
    cursor = await conn.execute(_DUE, (grace_days, limit))
    return [DueAttr(*row) for row in await cursor.fetchall()]


async def remove_attr(
    conn: Connection,
    due: DueAttr,
    passed: Callable[[int], None],
    grace_days: float = GRACE_DAYS,
) -> bool:
    """Delete the attr's triples, a batch at a time, then the attr; False if it was restored.

    Each batch commits: interrupted, it can be called again. `passed` is told the rows deleted.
    """
    place: list[Any] | None = None
    while True:
        window = await _remove_batch(conn, due, place, grace_days)
        if window is None:
            return False
        if window.place is None:
            return True
        passed(window.rows)
        place = window.place


async def remove_some_deleted(conn: Connection) -> int:
    """One batch of the attr whose grace was over first; how much it found, 0 if nothing is due."""
    for due in await due_attrs(conn, limit=1):
        window = await _remove_batch(conn, due, None, GRACE_DAYS)
        return 1 if window is None else window.rows + 1
    return 0


async def _remove_batch(
    conn: Connection, due: DueAttr, place: list[Any] | None, grace_days: float
) -> walk.Passed | None:
    """Delete the next triples of the attr, or the attr when it has none; None if restored."""
    async with conn.transaction():
        await conn.execute(_LOCK, (due.app_id,))
        cursor = await conn.execute(_STILL_DUE, (due.app_id, due.id, grace_days))
        if await cursor.fetchone() is None:
            return None
        window = await walk.delete(conn, due.app_id, due.id, place)
        if window.place is None:
            await conn.execute(_DELETE_IDENTS, (due.app_id, due.id))
            await conn.execute(_DELETE_ATTR, (due.app_id, due.id))
        return window
