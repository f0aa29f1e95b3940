"""How a query's constants become parameters of its statement.

A compiled statement belongs to a shape of queries, so where a constant stands it holds a
`FromConstant`: which constant it is, and how its value is turned into what PostgreSQL takes.
A converter raises `ValueError` for a value that `where` and `parse` would have refused: the check
of a query was one of its shape, not of its constants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from triples.attrs.attr import CheckedDataType
from triples.instaql.shape import Constant
from triples.sql.fragment import Fragment
from triples.sql.numbered import NumberedSql
from triples.values.dates import parse_date
from triples.values.sort_key import sort_key
from wire import json
from wire.ids import parse_uuid

_ID_DIGITS: Final = 32
_FIRST_ID: Final = "0" * _ID_DIGITS
_LAST_ID: Final = "f" * _ID_DIGITS
_HEX: Final = frozenset("0123456789abcdef")
NUL = "\x00"  # PostgreSQL stores it nowhere, so nothing stored equals or resembles a text with it


Sql = TypeVar("Sql", Fragment, NumberedSql)


@dataclass(frozen=True, slots=True)
class FromConstant:
    """A parameter whose value is made from the constant in a slot."""

    slot: int
    convert: Callable[[Any], Any]


def bound(statement: Sql, constants: tuple[Any, ...]) -> Sql:
    """The statement with every `FromConstant` replaced by its value."""
    values = tuple(
        value.convert(constants[value.slot]) if isinstance(value, FromConstant) else value
        for value in statement.values
    )
    return replace(statement, values=values)


def json_of(constant: Constant) -> FromConstant:
    """The constant as JSON text; None if it cannot be stored."""
    return FromConstant(constant.slot, _json_text)


def json_list_of(constant: Constant) -> FromConstant:
    """A list as JSON text, without the members that cannot be stored."""
    return FromConstant(constant.slot, _json_list_text)


def key_of(constant: Constant, checked_type: CheckedDataType) -> FromConstant:
    """The sort key of the constant."""
    return FromConstant(constant.slot, partial(_key, checked_type))


def keys_of(constant: Constant, checked_type: CheckedDataType, *, many: bool) -> FromConstant:
    """The sort keys of a list's members, or of the one constant, as a list."""
    return FromConstant(constant.slot, partial(_keys if many else _single_key, checked_type))


def text_of(constant: Constant) -> FromConstant:
    """A text as it is; None if it cannot be stored."""
    return FromConstant(constant.slot, _storable_text)


def ids_of(constant: Constant, *, many: bool) -> FromConstant:
    """The ids in a list, or the one constant, as a list; what is no canonical id is left out."""
    return FromConstant(constant.slot, _ids if many else _single_id)


def first_id_of(constant: Constant) -> FromConstant:
    """The least id that begins with the constant; one that no id reaches if it is no prefix."""
    return FromConstant(constant.slot, _first_id)


def last_id_of(constant: Constant) -> FromConstant:
    """The greatest id that begins with the constant; one below every other if it is no prefix."""
    return FromConstant(constant.slot, _last_id)


def lowered_ids_of(constant: Constant, *, many: bool) -> FromConstant:
    """The ids of a link's operand, which may be spelt in upper case."""
    return FromConstant(constant.slot, _lowered_ids if many else _single_lowered_id)


def cursor_id(constant: Constant) -> FromConstant:
    """The entity of a cursor."""
    return FromConstant(constant.slot, _cursor_entity)


def cursor_place(constant: Constant, checked_type: CheckedDataType | None) -> FromConstant:
    """What a cursor is compared by: a sort key, or without a type the time of creation."""
    if checked_type is None:
        return FromConstant(constant.slot, _cursor_time)
    return FromConstant(constant.slot, partial(_cursor_key, checked_type))


def _json_text(value: Any) -> str | None:
    if isinstance(value, str) and NUL in value:
        return None
    return json.dumps(value).decode()


def _json_list_text(values: list[Any]) -> str:
    storable = [value for value in values if not (isinstance(value, str) and NUL in value)]
    return json.dumps(storable).decode()


def _key(checked_type: CheckedDataType, value: Any) -> bytes:
    if checked_type == "date" and value is not None:
        parse_date(value, operand=True)
    return sort_key(value, checked_type)


def _keys(checked_type: CheckedDataType, values: list[Any]) -> list[bytes]:
    return [_key(checked_type, value) for value in values]


def _single_key(checked_type: CheckedDataType, value: Any) -> list[bytes]:
    return [_key(checked_type, value)]


def _storable_text(value: str) -> str | None:
    return None if NUL in value else value


def _ids(values: list[Any]) -> list[str]:
    return [value for value in values if value is not None and parse_uuid(value) == value]


def _single_id(value: Any) -> list[str]:
    return _ids([value])


def _first_id(prefix: str) -> str:
    digits = _hex_digits(prefix)
    return _LAST_ID if digits is None else digits.ljust(_ID_DIGITS, "0")


def _last_id(prefix: str) -> str:
    digits = _hex_digits(prefix)
    return _FIRST_ID if digits is None else digits.ljust(_ID_DIGITS, "f")


def _hex_digits(prefix: str) -> str | None:
    digits = prefix.lower().replace("-", "")
    return digits if len(digits) <= _ID_DIGITS and set(digits) <= _HEX else None


def _lowered_ids(values: list[Any]) -> list[str]:
    return [_lowered_id(value) for value in values]


def _lowered_id(value: Any) -> str:
    lowered = parse_uuid(value)
    if lowered is None:
        raise ValueError("a link's value is an entity's id")
    return lowered


def _single_lowered_id(value: Any) -> list[str]:
    return _lowered_ids([value])


def _cursor_entity(cursor: list[Any]) -> str:
    return _lowered_id(cursor[0])


def _cursor_time(cursor: list[Any]) -> int:
    return int(cursor[3]) if len(cursor) == 4 else 0


def _cursor_key(checked_type: CheckedDataType, cursor: list[Any]) -> bytes:
    return sort_key(cursor[2], checked_type)
