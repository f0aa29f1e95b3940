"""Passing once over the triples of an attr, or over the entities of an etype, a window at a time.

A window is a stretch of the index `triples_of_attr`; a place is the last key of a window. A triple
keeps its key for life, and what is written behind the place meanwhile was written with the new
attr. Run under the app's write lock, except for looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import CheckedDataType
from triples.sql.attr_index import IN_ATTR_INDEX
from triples.sql.pool import Connection
from triples.values.kinds import has_checked_type, json_type_name

WINDOW_ROWS: Final = 1_000  # as the specification has it (§10.1); writers of the app wait so long
LOOKED_AT_ROWS: Final = 10_000  # nobody waits for a look
ENTITIES: Final = 1_000
SAMPLE_ROWS: Final = 10

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_LONG_AGO: Final = -(2**63)
_START: Final = [_LONG_AGO, _NOBODY, _NOBODY]
_START_OF_ENTITIES: Final = [_LONG_AGO, _NOBODY]

_WINDOW: Final = f"""
with stretch as materialized (
  select created_at, entity_id, value_md5
  from triples
  where app_id = %(app_id)s::uuid
    and attr_id = %(attr_id)s::uuid
    and {IN_ATTR_INDEX}
    and (created_at, entity_id) >= (%(created_at)s, %(entity)s::uuid)
    and (created_at, entity_id, value_md5) > (%(created_at)s, %(entity)s::uuid, %(md5)s::uuid)
  order by created_at, entity_id, value_md5
  limit %(limit)s
)"""
_LAST: Final = """
select (select count(*) from stretch), created_at, entity_id, value_md5
from (
  select * from stretch order by created_at desc, entity_id desc, value_md5 desc limit 1
) as last
"""
_HERE: Final = """
  triples.app_id = %(app_id)s::uuid
  and triples.entity_id = stretch.entity_id
  and triples.attr_id = %(attr_id)s::uuid
  and triples.value_md5 = stretch.value_md5
"""

# A job makes its own flag what the attr says, and leaves the others to their jobs: what another one
# has not got to yet may break a constraint. A row has a sort key where it is indexed and typed.
_REWRITES: Final = {
    "index": """
  update triples set
    ave = attrs.is_indexed,
    sort_key = case
      when attrs.is_indexed and triples.checked_data_type is not null and triples.value = 'null'
        then ''::bytea
    end
  from stretch, attrs
  where triples.ave is distinct from attrs.is_indexed
""",
    "unique": """
  update triples set av = attrs.is_unique
  from stretch, attrs
  where triples.av is distinct from attrs.is_unique
""",
    "data-type": """
  update triples set
    checked_data_type = attrs.checked_data_type,
    sort_key = case
      when triples.ave and attrs.checked_data_type is not null and triples.value = 'null'
        then ''::bytea
    end
  from stretch, attrs
  where triples.checked_data_type is distinct from attrs.checked_data_type
""",
}
_REWRITE: Final = {
    serial_key: f"""{_WINDOW},
rewritten as ({rewrite}
    and attrs.app_id = %(app_id)s::uuid and attrs.id = %(attr_id)s::uuid and {_HERE}
)
{_LAST}"""
    for serial_key, rewrite in _REWRITES.items()
}
_DELETE: Final = f"""{_WINDOW},
deleted as (delete from triples using stretch where {_HERE})
{_LAST}"""
_LOOK: Final = f"{_WINDOW}{_LAST}"
_VALUES: Final = f"""{_WINDOW}
select triples.entity_id, triples.value from triples, stretch where {_HERE}
"""

# A stored value may be compressed; its size is that of a fresh copy.
_TOO_LARGE: Final = f"""{_WINDOW}
select triples.entity_id, triples.value from triples, stretch
where {_HERE} and pg_column_size(triples.value::text::jsonb) > 1024
limit 1
"""
_DUPLICATES: Final = f"""
select entity_id, value
from triples
where app_id = %(app_id)s::uuid
  and attr_id = %(attr_id)s::uuid
  and {IN_ATTR_INDEX}
  and value_md5 = (
    select value_md5
    from triples
    where app_id = %(app_id)s::uuid and attr_id = %(attr_id)s::uuid and {IN_ATTR_INDEX}
      and value <> 'null'
    group by value_md5
    having count(*) > 1
    limit 1
  )
order by entity_id
limit 10
"""
_COUNT: Final = f"""
select count(*) from triples where app_id = %s::uuid and attr_id = %s::uuid and {IN_ATTR_INDEX}
"""
_COUNT_ENTITIES: Final = """
select count(*) from triples where app_id = %s::uuid and attr_id = %s::uuid and av
"""

_MEMBERS: Final = """
with members as materialized (
  select created_at, entity_id
  from triples
  where app_id = %(app_id)s::uuid
    and attr_id = %(id_attr_id)s::uuid
    and av
    and (created_at, entity_id) > (%(created_at)s, %(entity)s::uuid)
  order by created_at, entity_id
  limit %(limit)s
)"""
_LAST_MEMBER: Final = """
select (select count(*) from members), created_at, entity_id
from (select * from members order by created_at desc, entity_id desc limit 1) as last
"""
_INSERT_NULLS: Final = f"""{_MEMBERS},
inserted as (
  insert into triples (app_id, entity_id, attr_id, ea, av, ave, checked_data_type, sort_key, value)
  select
    attrs.app_id, members.entity_id, attrs.id, attrs.cardinality = 'one', attrs.is_unique,
    attrs.is_indexed, attrs.checked_data_type,
    case when attrs.checked_data_type is not null then ''::bytea end, 'null'
  from attrs, members
  where attrs.app_id = %(app_id)s::uuid
    and attrs.id = %(attr_id)s::uuid
    and not exists (
      select from triples
      where triples.app_id = %(app_id)s::uuid
        and triples.entity_id = members.entity_id
        and triples.attr_id = %(attr_id)s::uuid
    )
)
{_LAST_MEMBER}"""
_LOOK_AT_MEMBERS: Final = f"{_MEMBERS}{_LAST_MEMBER}"
_INCOMPLETE: Final = f"""{_MEMBERS}
select entity_id
from members
where not exists (
  select from triples
  where triples.app_id = %(app_id)s::uuid
    and triples.entity_id = members.entity_id
    and triples.attr_id = %(attr_id)s::uuid
    and triples.value <> 'null'
)
order by created_at, entity_id
"""


@dataclass(frozen=True, slots=True)
class Passed:
    """One window: how many rows it had, and its last place; None when there was nothing left."""

    rows: int
    place: list[Any] | None


async def rewrite(
    conn: Connection, app_id: str, attr_id: str, serial_key: str, place: list[Any] | None
) -> Passed:
    """Make the attr's triples in the next window agree with it in what such jobs are about."""
    return await _pass(conn, _REWRITE[serial_key], _window(app_id, attr_id, place, WINDOW_ROWS))


async def delete(conn: Connection, app_id: str, attr_id: str, place: list[Any] | None) -> Passed:
    """Delete the attr's triples in the next window."""
    return await _pass(conn, _DELETE, _window(app_id, attr_id, place, ENTITIES))


async def too_large(
    conn: Connection, app_id: str, attr_id: str, place: list[Any] | None
) -> list[dict[str, Any]]:
    """The first value in the window that `rewrite` will pass which no index takes."""
    values = _window(app_id, attr_id, place, WINDOW_ROWS)
    return _samples(await (await conn.execute(_TOO_LARGE, values)).fetchall())


async def duplicates(conn: Connection, app_id: str, attr_id: str) -> list[dict[str, Any]]:
    """Some of the triples that share one value."""
    cursor = await conn.execute(_DUPLICATES, {"app_id": app_id, "attr_id": attr_id})
    return _samples(await cursor.fetchall())


async def not_of_type(
    conn: Connection,
    app_id: str,
    attr_id: str,
    checked_type: CheckedDataType,
    place: list[Any] | None,
) -> tuple[Passed, list[dict[str, Any]]]:
    """Some values in the next window that are not of the type."""
    values = _window(app_id, attr_id, place, LOOKED_AT_ROWS)
    rows = await (await conn.execute(_VALUES, values)).fetchall()
    wrong = [row for row in rows if not has_checked_type(row[1], checked_type)]
    return await _pass(conn, _LOOK, values), _samples(wrong[:SAMPLE_ROWS])


async def insert_nulls(
    conn: Connection, app_id: str, attr_id: str, id_attr_id: str, place: list[Any] | None
) -> Passed:
    """Give the next entities that lack a value their null."""
    values = _entities(app_id, attr_id, id_attr_id, place, ENTITIES)
    return await _pass(conn, _INSERT_NULLS, values)


async def incomplete(
    conn: Connection, app_id: str, attr_id: str, id_attr_id: str, place: list[Any] | None
) -> tuple[Passed, list[str]]:
    """Those of the next entities that have no value but null."""
    values = _entities(app_id, attr_id, id_attr_id, place, LOOKED_AT_ROWS)
    rows = await (await conn.execute(_INCOMPLETE, values)).fetchall()
    return await _pass(conn, _LOOK_AT_MEMBERS, values), [row[0] for row in rows]


async def count_triples(conn: Connection, app_id: str, attr_id: str) -> int:
    """How many triples the attr has."""
    row = await (await conn.execute(_COUNT, (app_id, attr_id))).fetchone()
    return row[0] if row else 0


async def count_entities(conn: Connection, app_id: str, id_attr_id: str) -> int:
    """How many entities an etype has, by its id attr."""
    row = await (await conn.execute(_COUNT_ENTITIES, (app_id, id_attr_id))).fetchone()
    return row[0] if row else 0


async def _pass(conn: Connection, statement: str, values: dict[str, Any]) -> Passed:
    row = await (await conn.execute(statement, values)).fetchone()
    return Passed(0, None) if row is None else Passed(row[0], list(row[1:]))


def _window(app_id: str, attr_id: str, place: list[Any] | None, limit: int) -> dict[str, Any]:
    created_at, entity, md5 = place or _START
    ids = {"app_id": app_id, "attr_id": attr_id}
    return {**ids, "created_at": created_at, "entity": entity, "md5": md5, "limit": limit}


def _entities(
    app_id: str, attr_id: str, id_attr_id: str, place: list[Any] | None, limit: int
) -> dict[str, Any]:
    created_at, entity = place or _START_OF_ENTITIES
    ids = {"app_id": app_id, "attr_id": attr_id, "id_attr_id": id_attr_id}
    return {**ids, "created_at": created_at, "entity": entity, "limit": limit}


def _samples(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        {"entity_id": entity, "value": value, "json_type": json_type_name(value)}
        for entity, value in rows
    ]
