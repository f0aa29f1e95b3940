"""Kinds of JSON values: what errors call them, what attrs remember, what checked types accept.

Pure functions over decoded JSON. Which attrs check or remember is decided by the writers.
"""

from __future__ import annotations

from typing import Any, Literal

from triples.attrs.attr import INFERRED_TYPE_BITS, CheckedDataType
from triples.values.dates import DateUnreadable, parse_date

JsonTypeName = Literal["null", "boolean", "number", "string", "array", "object"]


def json_type_name(value: Any) -> JsonTypeName:
    """The name of a decoded value's JSON type, as error messages and `jsonb_typeof` spell it."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
        case _:
            raise TypeError(f"not a JSON value: {type(value).__name__}")


def inferred_type_bit(value: Any) -> int:
    """The bit that a stored value adds to `attrs.inferred_types`; null adds nothing (§1.5)."""
    match json_type_name(value):
        case "null":
            return 0
        case "array" | "object":
            return INFERRED_TYPE_BITS["json"]
        case name:
            return INFERRED_TYPE_BITS[name]


def has_checked_type(value: Any, checked_type: CheckedDataType) -> bool:
    """Whether an attr of this checked type may hold the value (transactions-permissions.md §6.3).

    Null always may. Dates are numbers of milliseconds or strings that `parse_date` reads.
    """
    if value is None:
        return True
    if checked_type == "date":
        return _is_date(value)
    return json_type_name(value) == checked_type


def _is_date(value: Any) -> bool:
    try:
        parse_date(value)
    except DateUnreadable:
        return False
    return True
