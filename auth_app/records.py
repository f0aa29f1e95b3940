"""Entities of the `$` namespaces that sign-in keeps, read whole: clients, codes, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from auth_app.account_write import AccountWrite
from auth_app.system_attrs import attr_id, attrs_of
from triples.sql.pool import Connection

SWEPT_AT_ONCE: Final = 50

_WHOLE: Final = """
select entity_id::text, created_at, age_seconds, fields
from (
  select
    entity_id,
    max(created_at) filter (where attr_id = %(id_attr)s::uuid) as created_at,
    extract(epoch from clock_timestamp())::float8
      - max(created_at) filter (where attr_id = %(id_attr)s::uuid) / 1000.0 as age_seconds,
    jsonb_object_agg(attr_id::text, value) as fields
  from triples
  where app_id = %(app_id)s::uuid
    and attr_id = any(%(attr_ids)s::uuid[])
    and entity_id in ({which})
  group by entity_id
) as record
where created_at is not null
order by created_at, entity_id
"""
_WITH_VALUE: Final = """
select entity_id from triples
where app_id = %(app_id)s::uuid
  and attr_id = %(search_attr)s::uuid
  and value_md5 = instant_value_md5(to_jsonb(%(search)s::text))
  and value <> 'null'::jsonb
  and av
"""
_ALL: Final = """
select entity_id from triples
where app_id = %(app_id)s::uuid and attr_id = %(id_attr)s::uuid and av
"""
_OLDER: Final = """
select entity_id::text from triples
where app_id = %s::uuid
  and attr_id = %s::uuid
  and av
  and created_at < (extract(epoch from clock_timestamp()) - %s) * 1000
order by created_at
limit %s
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One entity with its built-in fields by name."""

    id: str
    created_at_ms: int
    age_seconds: float
    fields: dict[str, Any]

    def text(self, name: str) -> str | None:
        """A field that holds text, if it does."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None


async def record_with(
    conn: Connection, app_id: str, etype: str, label: str, value: str
) -> Record | None:
    """The entity with this value of a unique field, `id` included."""
    search = {"search_attr": attr_id(etype, label), "search": value}
    records = await _records(conn, app_id, etype, _WITH_VALUE, search)
    return records[0] if records else None


async def all_records(conn: Connection, app_id: str, etype: str) -> list[Record]:
    """Every entity of a namespace, the oldest first."""
    return await _records(conn, app_id, etype, _ALL, {})


async def delete_older(write: AccountWrite, etype: str, seconds: float) -> None:
    """Ask to delete what is too old to be of use; some at a time, whenever one is added."""
    values = (write.app_id, attr_id(etype, "id"), seconds, SWEPT_AT_ONCE)
    for (entity_id,) in await (await write.conn.execute(_OLDER, values)).fetchall():
        write.delete(etype, entity_id)


async def _records(
    conn: Connection, app_id: str, etype: str, which: str, search: dict[str, str]
) -> list[Record]:
    labels = {attr.id: attr.label for attr in attrs_of(etype)}
    values = {
        "app_id": app_id,
        "attr_ids": list(labels),
        "id_attr": attr_id(etype, "id"),
        **search,
    }
    cursor = await conn.execute(_WHOLE.format(which=which), values)
    return [
        Record(entity_id, created_at, float(age), {labels[a]: v for a, v in fields.items()})
        for entity_id, created_at, age, fields in await cursor.fetchall()
    ]
