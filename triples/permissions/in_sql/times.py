"""`timestamp(data.due) < request.time`: dates against a moment that is known beforehand.

Typed, indexed dates have a sort key, which is their moment in microseconds (`triples.values`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.constants import FromConstant
from triples.instaql.shape import Constant
from triples.permissions.in_sql.formula import Formula
from triples.permissions.values import Timestamp
from triples.sql.fragment import Fragment, sql

MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SQL_OPERATORS: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>"}
_SIGN_BIT: Final = 1 << 63
# What `timestamp` takes: a text or a whole number.
_READABLE: Final = (
    "{0}.sort_key > ''::bytea and (jsonb_typeof({0}.value) = 'string'"
    " or jsonb_typeof({0}.value) = 'number' and {0}.value::text not like '%%.%%')"
)


def compares(app_id: str, attr: Attr, operator: str, moment: Constant, alias: str) -> Formula:
    """Whether the attr's date stands so to the moment; fails where there is no date."""
    key = FromConstant(moment.slot, partial(_key, operator))
    test = f"{alias}.sort_key {_SQL_OPERATORS[operator]} %s::bytea"

    def stands(wanted: str) -> Callable[[str], Fragment]:
        return lambda row: sql(
            f"exists (select from triples {alias} where {alias}.app_id = %s::uuid"
            f" and {alias}.entity_id = {row} and {alias}.attr_id = %s::uuid and {alias}.ea"
            f" and {_READABLE.format(alias)} and {wanted})",
            app_id,
            attr.id,
            key,
        )

    return Formula(stands(test), stands(f"not ({test})"))


def _key(operator: str, moment: Timestamp) -> bytes:
    """The moment's sort key; between two microseconds it is the one that decides alike."""
    micros, rest = divmod(moment.nanos, 1000)
    if rest and operator in ("<", ">="):
        micros += 1
    elif rest and operator in ("==", "!="):
        return b"\x00"  # no date has it
    bounded = min(max(micros, -_SIGN_BIT), _SIGN_BIT - 1)
    return (bounded + _SIGN_BIT).to_bytes(8, "big")
