"""Removing apps for good: ephemeral ones that nobody claimed, and those deleted some days ago.

An ephemeral app lives 14 days, and one more in which a claim that is under way can still come
(http-api.md §7.4, §14). First the app is marked as deleted, which closes its sessions; then its
rows go, a batch at a time, in every table that has an `app_id`; its own row is the last.
"""

from __future__ import annotations

from typing import Final

from psycopg import sql

from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql.pool import Connection

CLAIM_DAYS: Final = 1
GRACE_DAYS: Final = 2
ROWS_AT_ONCE: Final = 5_000

_MARK_EXPIRED: Final = """
update apps set deletion_marked_at = now()
where ephemeral_expires_at < now() - %s * interval '1 day'
  and deletion_marked_at is null
"""
# An expired ephemeral app needs no days of grace: it had a date from the beginning.
_DUE: Final = """
select id::text from apps
where deletion_marked_at is not null
  and id <> %s::uuid
  and (
    ephemeral_expires_at < now() - %s * interval '1 day'
    or deletion_marked_at < now() - %s * interval '1 day'
  )
order by deletion_marked_at, id
limit 1
"""
_TABLES: Final = """
select columns.table_name
from information_schema.columns
join information_schema.tables using (table_schema, table_name)
where table_schema = current_schema()
  and column_name = 'app_id'
  and table_type = 'BASE TABLE'
order by table_name = 'attrs', table_name
"""
_DELETE_ROWS: Final = sql.SQL(
    "delete from {table} where ctid = any(array("
    "select ctid from {table} where app_id = %s::uuid limit %s))"
)
_DELETE_APP: Final = "delete from apps where id = %s::uuid and deletion_marked_at is not null"


async def remove_some_apps(conn: Connection) -> int:
    """Remove some rows of an app that is to go; says how many, the app's own row included.

    The connection must be in autocommit. Interrupted, it goes on where it was.
    """
    await conn.execute(_MARK_EXPIRED, (CLAIM_DAYS,))
    values = (SYSTEM_APP_ID, CLAIM_DAYS, GRACE_DAYS)
    due = await (await conn.execute(_DUE, values)).fetchone()
    if due is None:
        return 0
    app_id = due[0]
    for (table,) in await (await conn.execute(_TABLES)).fetchall():
        statement = _DELETE_ROWS.format(table=sql.Identifier(table))
        removed = (await conn.execute(statement, (app_id, ROWS_AT_ONCE))).rowcount
        if removed:
            return removed
    return (await conn.execute(_DELETE_APP, (app_id,))).rowcount
