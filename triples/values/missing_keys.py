"""Giving sort keys to rows that were written without one: by `psql`, the ORM, a restore.

Such rows are correct but invisible to typed order and comparisons until they have a key. The index
`triples_without_sort_key` holds exactly these rows. The change feed calls this when it sees one
arrive, `manage.py fill_sort_keys` at any time.

A value that has no key, because nobody checked its type, gets the key of null: it is sorted with
the nulls, satisfies no comparison, and is not looked at again.
"""

from __future__ import annotations

from typing import Any, Final

from triples.attrs.attr import CheckedDataType
from triples.sql.pool import Connection
from triples.values.sort_key import NULL_KEY, sort_key
from wire.observations import SortKeysFilled, report

_IS_MISSING: Final = "ave and checked_data_type is not null and sort_key is null"

# Which rows lack a key? Locked so that none changes before its key is stored; rows locked by
# somebody else are left for the next call, so this can neither wait nor deadlock.
_TAKE_ROWS: Final = f"""
select app_id, entity_id, attr_id, value_md5, checked_data_type, value
from triples
where {_IS_MISSING}
  and (%(app_id)s::uuid is null or app_id = %(app_id)s::uuid)
order by app_id, attr_id, entity_id
limit %(limit)s
for update skip locked
"""
_STORE_KEYS: Final = """
update triples
set sort_key = keyed.sort_key
from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bytea[])
  as keyed (app_id, entity_id, attr_id, value_md5, sort_key)
where triples.app_id = keyed.app_id
  and triples.entity_id = keyed.entity_id
  and triples.attr_id = keyed.attr_id
  and triples.value_md5 = keyed.value_md5
"""
_COUNT: Final = f"select count(*) from triples where {_IS_MISSING}"


async def fill_sort_keys(conn: Connection, app_id: str | None, limit: int) -> int:
    """Give at most `limit` rows of the app, or of any app, their keys; returns how many.

    Commits on its own. Call again until it returns 0; then only rows are left that somebody
    else holds locked.
    """
    async with conn.transaction():
        cursor = await conn.execute(_TAKE_ROWS, {"app_id": app_id, "limit": limit})
        rows = await cursor.fetchall()
        if not rows:
            return 0
        keys = [_key_or_none(value, checked_type) for *_, checked_type, value in rows]
        stored = [NULL_KEY if key is None else key for key in keys]
        ids = [list(column) for column in zip(*(row[:4] for row in rows), strict=True)]
        await conn.execute(_STORE_KEYS, (*ids, stored))
    report(SortKeysFilled(len(rows), keys.count(None)))
    return len(rows)


async def count_missing_keys(conn: Connection) -> int:
    """How many rows of all apps lack a key."""
    row = await (await conn.execute(_COUNT)).fetchone()
    return row[0] if row else 0


def _key_or_none(value: Any, checked_type: CheckedDataType) -> bytes | None:
    try:
        return sort_key(value, checked_type)
    except ValueError:
        return None
