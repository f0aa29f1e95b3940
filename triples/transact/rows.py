"""Storing triples: checked against their attrs, all in one statement.

A row that is stored already is not written again. The first triple of an entity's `id` attr brings
nulls for the indexed properties it was not given (§1.4). PostgreSQL's constraints have the last
word on uniqueness and size; `triples.transact.violations` puts it into words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.transact import refusals
from triples.transact.work import Row, Work
from triples.values.kinds import has_checked_type, inferred_type_bit
from triples.values.sort_key import sort_key
from wire import json
from wire.ids import parse_uuid

_INCOMING: Final = """
with incoming as materialized (
  select
    e as entity_id, a as attr_id, coalesce(v, 'null') as value, k as sort_key,
    (f & 1) <> 0 as ea, (f & 2) <> 0 as is_link, (f & 4) <> 0 as av, (f & 8) <> 0 as ave, t as type
  from json_to_recordset(%(rows)s::json) as given (
    e uuid, a uuid, v jsonb, k bytea, f int, t text
  )
)"""
_COLUMNS: Final = """
  app_id, entity_id, attr_id, ea, eav, av, ave, vae, checked_data_type, sort_key, value
"""
_ONE: Final = f""",
one as (
  insert into triples as stored ({_COLUMNS})
  select
    %(app_id)s::uuid, entity_id, attr_id, ea, is_link, av, ave, is_link, type, sort_key, value
  from incoming where ea
  order by entity_id, attr_id
  on conflict (app_id, entity_id, attr_id) where ea do update set
    eav = excluded.eav, av = excluded.av, ave = excluded.ave, vae = excluded.vae,
    checked_data_type = excluded.checked_data_type, sort_key = excluded.sort_key,
    value = excluded.value
  where stored.value is distinct from excluded.value
  returning entity_id, attr_id, xmax = 0 as is_new
)"""
_MANY: Final = f""",
many as (
  insert into triples ({_COLUMNS})
  select
    %(app_id)s::uuid, entity_id, attr_id, ea, is_link, av, ave, is_link, type, sort_key, value
  from incoming where not ea
  order by entity_id, attr_id, value
  on conflict (app_id, entity_id, attr_id, value_md5) do nothing
  returning entity_id, attr_id, true as is_new
)"""
# `not in` is answered from a hash table, whatever PostgreSQL guesses of the number of rows, which
# it cannot know; of `not exists` it makes a nested loop, half a minute's work for 10,000 entities.
_NULLS: Final = f""",
nulls as (
  insert into triples ({_COLUMNS})
  select
    %(app_id)s::uuid, written.entity_id, given.a, (f & 1) <> 0, false, (f & 4) <> 0, true, false,
    given.t, case when given.t is not null then ''::bytea end, 'null'
  from written
  join json_to_recordset(%(nulls)s::json) as given (i uuid, a uuid, f int, t text)
    on given.i = written.attr_id
  where written.is_new
    and (written.entity_id, given.a) not in (select entity_id, attr_id from incoming)
    and not exists (
      select from triples
      where triples.app_id = %(app_id)s::uuid
        and triples.entity_id = written.entity_id
        and triples.attr_id = given.a
    )
  order by written.entity_id, given.a
  on conflict do nothing
  returning entity_id, attr_id
)"""
_TRANSACTION: Final = """,
tx as (
  insert into transactions (app_id) values (%(app_id)s::uuid) returning id
),
answered as (
  insert into client_events (app_id, event_hash, tx_id)
  select %(app_id)s::uuid, hash, tx.id
  from tx, unnest(%(event_hashes)s::uuid[]) as event (hash)
)"""
_WATCHED: Final = """
select null::bigint as tx_id, entity_id, attr_id from written
where attr_id = any(%(watched)s::uuid[])
"""
_WITH_TX_ID: Final = (
    _WATCHED
    + """union all
select id, null, null from tx
"""
)


def _statement(has_one: bool, has_many: bool, has_nulls: bool, is_first: bool) -> str:
    parts = [name for name, has in (("one", has_one), ("many", has_many)) if has]
    written = " union all ".join(f"select * from {name}" for name in parts)
    return (
        _INCOMING
        + (_ONE if has_one else "")
        + (_MANY if has_many else "")
        + f",\nwritten as ({written})"
        + (_NULLS if has_nulls else "")
        + (_TRANSACTION + _WITH_TX_ID if is_first else _WATCHED)
    )


_STATEMENTS: Final = {
    (one, many, nulls, first): _statement(one, many, nulls, first)
    for one in (True, False)
    for many in (True, False)
    for nulls in (True, False)
    for first in (True, False)
    if one or many
}


def checked_row(entity_id: str, attr: Attr, value: Any) -> Row:
    """The triple with its sort key; raises `ValidationFailed` where the attr does not take it."""
    if attr.is_ref:
        if (target := parse_uuid(value)) is None:
            raise refusals.not_an_id(attr, entity_id, value)
        return Row(entity_id, attr, target, None)
    checked_type = attr.checked_data_type
    if checked_type is None:
        return Row(entity_id, attr, value, None)
    if not has_checked_type(value, checked_type):
        raise refusals.wrong_type(attr, entity_id, value)
    key = sort_key(value, checked_type) if attr.is_indexed else None
    return Row(entity_id, attr, value, key)


async def store(work: Work, rows: Iterable[Row]) -> None:
    """Write the rows; of several for one value, the last one counts.

    The first rows of a write bring its transactions row along.
    """
    work.rows = _distinct(rows)
    if not work.rows:
        return
    nulls = _null_attrs(work)
    statement = _STATEMENTS[
        any(row.attr.cardinality_one for row in work.rows),
        any(not row.attr.cardinality_one for row in work.rows),
        bool(nulls),
        work.tx_id is None,
    ]
    values = {
        "app_id": work.app_id,
        "event_hashes": work.event_hashes,
        "rows": json.dumps([_wire(row) for row in work.rows]).decode(),
        "watched": work.required_attr_ids(),
    }
    if nulls:
        values["nulls"] = json.dumps(nulls).decode()
    cursor = await work.conn.execute(statement, values)
    for tx_id, entity_id, attr_id in await cursor.fetchall():
        if tx_id is None:
            work.touched.add((entity_id, attr_id))
        else:
            work.tx_id = tx_id
    _remember_kinds(work)


def _distinct(rows: Iterable[Row]) -> list[Row]:
    last: dict[tuple[str, str, bytes | None], Row] = {}
    for row in rows:
        key = None if row.attr.cardinality_one else json.canonical(row.value)
        last[row.entity_id, row.attr.id, key] = row
    return list(last.values())


def _null_attrs(work: Work) -> list[dict[str, Any]]:
    """The indexed properties of every etype whose `id` is among the rows."""
    id_attrs = {row.attr.id: row.attr for row in work.rows if row.attr.label == "id"}
    return [
        {"i": id_attr.id, "a": attr.id, "f": _flag_bits(attr), "t": attr.checked_data_type}
        for id_attr in id_attrs.values()
        for attr in work.catalog.of_etype(id_attr.etype)
        if attr.is_indexed and attr.is_blob and attr.catalog == "user" and attr.id != id_attr.id
    ]


def _wire(row: Row) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "e": row.entity_id,
        "a": row.attr.id,
        "v": row.value,
        "f": _flag_bits(row.attr),
    }
    if row.attr.checked_data_type is not None:
        wire["t"] = row.attr.checked_data_type
    if row.sort_key is not None:
        wire["k"] = "\\x" + row.sort_key.hex()
    return wire


def _flag_bits(attr: Attr) -> int:
    return attr.cardinality_one | attr.is_ref << 1 | attr.is_unique << 2 | attr.is_indexed << 3


def _remember_kinds(work: Work) -> None:
    for row in work.rows:
        bit = inferred_type_bit(row.value)
        if bit & ~(row.attr.inferred_types or 0) and row.attr.catalog == "user":
            work.kinds[row.attr.id] = work.kinds.get(row.attr.id, 0) | bit
