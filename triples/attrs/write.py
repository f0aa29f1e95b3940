"""Storing attrs: their rows, their names, and what their triples must copy from them.

Called inside a transaction that holds the app's write lock, with attrs that somebody has checked:
what a constraint still refuses is raised as psycopg's error. Every function takes any number of
attrs and runs a fixed number of statements. Triggers raise `apps.attrs_version`.
Spec: transactions-permissions.md §1.2, §1.4, §9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.sql.attr_index import IN_ATTR_INDEX
from triples.sql.pool import Connection
from triples.values.missing_keys import fill_sort_keys
from wire import json

DELETED_INFIX: Final = "_deleted$"
SORT_KEY_BATCH_ROWS: Final = 5_000

_ATTRS: Final = """
from json_to_recordset(%(attrs)s::json) as new (
  id uuid, etype text, label text, forward_ident uuid, value_type text, cardinality text,
  is_unique boolean, is_indexed boolean, is_required boolean,
  reverse_etype text, reverse_label text, reverse_ident uuid,
  checked_data_type text, on_delete text, on_delete_reverse text
)
"""
_INSERT_ATTRS: Final = f"""
insert into attrs (
  id, app_id, etype, label, forward_ident, value_type, cardinality, is_unique, is_indexed,
  is_required, reverse_etype, reverse_label, reverse_ident, checked_data_type, on_delete,
  on_delete_reverse
)
select
  id, %(app_id)s::uuid, etype, label, forward_ident, value_type, cardinality, is_unique,
  is_indexed, is_required, reverse_etype, reverse_label, reverse_ident, checked_data_type,
  on_delete, on_delete_reverse
{_ATTRS}
"""
_INSERT_IDENTS: Final = f"""
insert into idents (id, app_id, attr_id, etype, label)
select forward_ident, %(app_id)s::uuid, id, etype, label {_ATTRS}
union all
select reverse_ident, %(app_id)s::uuid, id, reverse_etype, reverse_label {_ATTRS}
where reverse_ident is not null
"""
_DELETE_IDENTS: Final = """
delete from idents where app_id = %(app_id)s::uuid and attr_id = any(%(ids)s::uuid[])
"""

# Steps aside, so that attrs may swap names: unique indexes look at every row at once.
_LEAVE_NAMES: Final = """
update attrs set
  etype = id || '_leaving$',
  reverse_etype = case when reverse_etype is not null then id || '_leaving$' end
where app_id = %(app_id)s::uuid and id = any(%(ids)s::uuid[])
"""
_UPDATE_ATTRS: Final = f"""
update attrs set
  etype = new.etype, label = new.label, value_type = new.value_type,
  cardinality = new.cardinality, is_unique = new.is_unique, is_indexed = new.is_indexed,
  is_required = new.is_required, reverse_etype = new.reverse_etype,
  reverse_label = new.reverse_label, on_delete = new.on_delete,
  on_delete_reverse = new.on_delete_reverse
{_ATTRS}
where attrs.app_id = %(app_id)s::uuid and attrs.id = new.id
"""

# Which attrs are deleted softly, and under which branded names?
_DELETED: Final = """
select id, etype, label, reverse_etype, reverse_label
from attrs
where app_id = %s::uuid and deletion_marked_at is not null
"""
_SOFT_DELETE: Final = """
update attrs set
  deletion_marked_at = now(),
  is_indexed = false,
  is_required = false,
  indexing = false,
  etype = id || '_deleted$' || etype,
  label = id || '_deleted$' || label,
  reverse_etype = id || '_deleted$' || reverse_etype,
  reverse_label = id || '_deleted$' || reverse_label,
  metadata = coalesce(metadata, '{}') || jsonb_build_object(
    'soft_delete_snapshot',
    jsonb_build_object(
      'is_indexed', is_indexed, 'is_required', is_required, 'id_attr_id', gone.id_attr_id
    )
  )
from json_to_recordset(%(gone)s::json) as gone (attr_id uuid, id_attr_id uuid)
where attrs.app_id = %(app_id)s::uuid and attrs.id = gone.attr_id
"""
_RENAME_IDENTS: Final = """
update idents set
  etype = attr_id || '_deleted$' || etype,
  label = attr_id || '_deleted$' || label
where app_id = %(app_id)s::uuid and attr_id = any(%(ids)s::uuid[])
"""
_RESTORE: Final = """
update attrs set
  deletion_marked_at = null,
  is_indexed = false,
  is_required = false,
  etype = substr(etype, strpos(etype, '$') + 1),
  label = substr(label, strpos(label, '$') + 1),
  reverse_etype = substr(reverse_etype, strpos(reverse_etype, '$') + 1),
  reverse_label = substr(reverse_label, strpos(reverse_label, '$') + 1),
  metadata = nullif(metadata - 'soft_delete_snapshot', '{}')
where app_id = %(app_id)s::uuid and id = any(%(ids)s::uuid[]) and deletion_marked_at is not null
"""
_RESTORE_IDENTS: Final = """
update idents set
  etype = substr(etype, strpos(etype, '$') + 1),
  label = substr(label, strpos(label, '$') + 1)
where app_id = %(app_id)s::uuid
  and attr_id = any(%(ids)s::uuid[])
  and starts_with(etype, attr_id || '_deleted$')
"""
_ADD_INFERRED: Final = """
update attrs set inferred_types = coalesce(inferred_types, 0) | seen.bits
from json_to_recordset(%(seen)s::json) as seen (id uuid, bits smallint)
where attrs.app_id = %(app_id)s::uuid
  and attrs.id = seen.id
  and coalesce(inferred_types, 0) | seen.bits <> coalesce(inferred_types, 0)
"""

# The flags that triples copy from their attrs, null for those that stay as they are: a job may be
# in the middle of them. A row has a sort key where it is indexed and typed.
_REWRITE_FLAGS: Final = f"""
update triples set
  ea = coalesce(new.ea, triples.ea),
  eav = coalesce(new.ref, triples.eav),
  vae = coalesce(new.ref, triples.vae),
  av = coalesce(new.av, triples.av),
  ave = coalesce(new.ave, triples.ave),
  sort_key = case
    when not coalesce(new.ave, triples.ave) or triples.checked_data_type is null then null
    when triples.ave then triples.sort_key
    when triples.value = 'null' then ''::bytea
  end
from json_to_recordset(%(flags)s::json) as new (
  id uuid, ea boolean, ref boolean, av boolean, ave boolean
)
where triples.app_id = %(app_id)s::uuid
  and triples.attr_id = new.id
  and {IN_ATTR_INDEX}
"""

# Every entity of the etype has a triple of an indexed blob, if only null (§1.4).
_INSERT_NULLS: Final = """
insert into triples (
  app_id, entity_id, attr_id, ea, av, ave, checked_data_type, sort_key, value
)
select
  %(app_id)s::uuid, member.entity_id, new.id, new.ea, new.av, true, new.type,
  case when new.type is not null then ''::bytea end, 'null'
from json_to_recordset(%(nulls)s::json) as new (
  id uuid, id_attr_id uuid, ea boolean, av boolean, type text
)
join triples as member
  on member.app_id = %(app_id)s::uuid and member.attr_id = new.id_attr_id and member.av
where not exists (
  select from triples
  where triples.app_id = %(app_id)s::uuid
    and triples.entity_id = member.entity_id
    and triples.attr_id = new.id
)
order by member.entity_id, new.id
"""


@dataclass(frozen=True, slots=True)
class DeletedAttr:
    """A softly deleted attr under the names it had."""

    id: str
    etype: str
    label: str
    reverse_etype: str | None
    reverse_label: str | None


async def insert_attrs(conn: Connection, app_id: str, attrs: Sequence[Attr]) -> None:
    """Store new attrs with their names."""
    values = {"app_id": app_id, "attrs": json.dumps([_row(attr) for attr in attrs]).decode()}
    await conn.execute(_INSERT_ATTRS, values)
    await conn.execute(_INSERT_IDENTS, values)


async def update_attrs(conn: Connection, app_id: str, changes: Sequence[tuple[Attr, Attr]]) -> None:
    """Store attrs as they are after a change, given as pairs of before and after.

    Renamed attrs may take each other's names. Triples get the new flags at once, which may break
    the constraint that a flag stands for.
    """
    after = [new for _, new in changes]
    ids = [new.id for old, new in changes if _names(old) != _names(new)]
    values = {"app_id": app_id, "attrs": json.dumps([_row(attr) for attr in after]).decode()}
    if ids:
        renamed = [_row(new) for old, new in changes if _names(old) != _names(new)]
        names = {"app_id": app_id, "ids": ids, "attrs": json.dumps(renamed).decode()}
        await conn.execute(_DELETE_IDENTS, names)
        await conn.execute(_LEAVE_NAMES, names)
        await conn.execute(_UPDATE_ATTRS, values)
        await conn.execute(_INSERT_IDENTS, names)
    else:
        await conn.execute(_UPDATE_ATTRS, values)
    await _rewrite_flags(conn, app_id, [c for c in changes if _flags(c[0]) != _flags(c[1])])


async def soft_delete_attrs(
    conn: Connection, app_id: str, attrs: Sequence[tuple[Attr, str | None]]
) -> None:
    """Hide attrs and free their names; each comes with the id attr of its etype (§9.3).

    Triples are not touched, so this takes the same time whatever their number.
    """
    gone = [{"attr_id": attr.id, "id_attr_id": id_attr_id} for attr, id_attr_id in attrs]
    values = {"app_id": app_id, "gone": json.dumps(gone).decode()}
    await conn.execute(_SOFT_DELETE, values)
    ids = [attr.id for attr, _ in attrs]
    await conn.execute(_RENAME_IDENTS, {"app_id": app_id, "ids": ids})


async def deleted_attrs(conn: Connection, app_id: str) -> list[DeletedAttr]:
    """The app's softly deleted attrs."""
    cursor = await conn.execute(_DELETED, (app_id,))
    return [
        DeletedAttr(row[0], *(name and name.partition("$")[2] for name in row[1:]))
        for row in await cursor.fetchall()
    ]


async def restore_attrs(conn: Connection, app_id: str, attr_ids: Sequence[str]) -> None:
    """Bring softly deleted attrs back, neither indexed nor required."""
    values = {"app_id": app_id, "ids": list(attr_ids)}
    await conn.execute(_RESTORE, values)
    await conn.execute(_RESTORE_IDENTS, values)


async def add_inferred_types(conn: Connection, app_id: str, seen: dict[str, int]) -> None:
    """Remember kinds of values, as bits by attr id (§1.5)."""
    rows = [{"id": attr_id, "bits": bits} for attr_id, bits in seen.items()]
    values = {"app_id": app_id, "seen": json.dumps(rows).decode()}
    await conn.execute(_ADD_INFERRED, values)


async def _rewrite_flags(
    conn: Connection, app_id: str, changes: Sequence[tuple[Attr, Attr]]
) -> None:
    """Make the triples' flags what their attrs say now."""
    if not changes:
        return
    rows = [
        {"id": new.id, **dict(_flags(new).items() - _flags(old).items())} for old, new in changes
    ]
    values = {"app_id": app_id, "flags": json.dumps(rows).decode()}
    await conn.execute(_REWRITE_FLAGS, values)
    if any(attr.is_indexed and attr.checked_data_type is not None for _, attr in changes):
        while await fill_sort_keys(conn, app_id, SORT_KEY_BATCH_ROWS):
            pass


async def insert_nulls(conn: Connection, app_id: str, attrs: Sequence[tuple[Attr, str]]) -> None:
    """Give entities without a value of an indexed blob its null.

    Each attr comes with the id of its etype's `id` attr.
    """
    nulls = [
        {
            "id": attr.id,
            "id_attr_id": id_attr_id,
            "ea": attr.cardinality_one,
            "av": attr.is_unique,
            "type": attr.checked_data_type,
        }
        for attr, id_attr_id in attrs
        if attr.is_blob and attr.is_indexed and attr.catalog == "user"
    ]
    if nulls:
        await conn.execute(_INSERT_NULLS, {"app_id": app_id, "nulls": json.dumps(nulls).decode()})


def _names(attr: Attr) -> tuple[str | None, ...]:
    return (attr.etype, attr.label, attr.reverse_etype, attr.reverse_label)


def _flags(attr: Attr) -> dict[str, Any]:
    return {
        "ea": attr.cardinality_one,
        "ref": attr.is_ref,
        "av": attr.is_unique,
        "ave": attr.is_indexed,
    }


def _row(attr: Attr) -> dict[str, Any]:
    return {
        "id": attr.id,
        "etype": attr.etype,
        "label": attr.label,
        "forward_ident": attr.forward_ident,
        "value_type": attr.value_type,
        "cardinality": attr.cardinality,
        "is_unique": attr.is_unique,
        "is_indexed": attr.is_indexed,
        "is_required": attr.is_required,
        "reverse_etype": attr.reverse_etype,
        "reverse_label": attr.reverse_label,
        "reverse_ident": attr.reverse_ident,
        "checked_data_type": attr.checked_data_type,
        "on_delete": attr.on_delete,
        "on_delete_reverse": attr.on_delete_reverse,
    }
