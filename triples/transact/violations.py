"""From PostgreSQL's refusals to the errors clients know (§6.2).

A constraint's name says what is wrong; its detail says where, by ids. The value is found among the
rows of the failed statement, or in the table as it is after the rollback.
"""

from __future__ import annotations

import re
from typing import Any, Final

import psycopg

from triples.transact import refusals
from triples.transact.work import Work
from wire import json
from wire.errors import InstantError, RecordNotUnique, SqlRaise, ValidationFailed

_UUID: Final = "[0-9a-f-]{36}"
_KEY: Final = re.compile(rf"=\(({_UUID}), ({_UUID}), ({_UUID})\)")
_ONE_KEY: Final = re.compile(rf"=\(({_UUID})\)")
_ROW: Final = re.compile(rf"\(\d+, ({_UUID}), ({_UUID}), ({_UUID}),")

# Which value has this hash, among the rows just sent or those stored?
_VALUE_OF_HASH: Final = """
select value from (
  select coalesce(v, 'null') as value from json_to_recordset(%(rows)s::json) as sent (v jsonb)
  union all
  select value from triples
  where app_id = %(app_id)s::uuid and attr_id = %(attr_id)s::uuid
) as known
where instant_value_md5(value) = %(hash)s::uuid
limit 1
"""


async def refusal_for(error: psycopg.Error, work: Work) -> InstantError | None:
    """What the client is told; None for an error that no step explains."""
    detail = error.diag.message_detail or ""
    match error.diag.constraint_name:
        case "triples_av":
            return await _value_taken(detail, work)
        case "triples_ea" | "triples_pkey":
            return refusals.not_unique("triple")
        case "triples_value_size":
            return _refused_row(refusals.too_large, detail, work)
        case "triples_link_is_uuid":
            return _refused_row(refusals.not_an_id, detail, work)
        case "attrs_pkey":
            return _attr_conflict(detail)
        case "idents_pkey":
            return _ident_conflict(detail, work)
        case "idents_name" | "attrs_forward_name" | "attrs_reverse_name":
            return refusals.not_unique("attr")
        case _:
            return _without_constraint(error)


async def _value_taken(detail: str, work: Work) -> RecordNotUnique:
    found = _KEY.search(detail)
    attr = None if found is None else work.catalog.by_id(found[2])
    if found is None or attr is None or attr.id in work.new_attrs:
        return refusals.not_unique("triple")
    sent = [{"v": row.value} for row in work.rows if row.attr.id == attr.id]
    values = {
        "rows": json.dumps(sent).decode(),
        "app_id": work.app_id,
        "attr_id": attr.id,
        "hash": found[3],
    }
    row = await (await work.conn.execute(_VALUE_OF_HASH, values)).fetchone()
    return refusals.not_unique("triple") if row is None else refusals.value_taken(attr, row[0])


def _refused_row(make: Any, detail: str, work: Work) -> InstantError | None:
    found = _ROW.search(detail)
    attr = None if found is None else work.catalog.by_id(found[3])
    if found is None or attr is None:
        return None
    value = next(
        (r.value for r in work.rows if (r.entity_id, r.attr.id) == (found[2], attr.id)), None
    )
    refusal: InstantError = make(attr, found[2], value)
    return refusal


def _attr_conflict(detail: str) -> SqlRaise:
    found = _ONE_KEY.search(detail)
    attr_id = "" if found is None else found[1]
    return SqlRaise(
        f"The attribute with id {attr_id} conflicts with an existing attribute with id {attr_id}."
    )


def _ident_conflict(detail: str, work: Work) -> SqlRaise:
    found = _ONE_KEY.search(detail)
    ident = None if found is None else found[1]
    name = next(
        (
            f"{etype}.{label}"
            for attr in work.new_attrs.values()
            for own, etype, label in (
                (attr.forward_ident, attr.etype, attr.label),
                (attr.reverse_ident, attr.reverse_etype, attr.reverse_label),
            )
            if own == ident
        ),
        "this name",
    )
    return SqlRaise(f"Another attribute for {name} exists with different properties.")


def _without_constraint(error: psycopg.Error) -> ValidationFailed | None:
    if isinstance(error, psycopg.errors.InvalidTextRepresentation):
        # An attr becomes a link while one of its values is no id.
        return ValidationFailed("Linked value must be a valid uuid.")
    return None
