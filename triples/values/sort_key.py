"""The bytes beside an indexed, typed value: comparing them bytewise orders the values.

One column serves every type, so order, cursors and comparisons are one plain btree on any
PostgreSQL (why: docs/decisions/0001-physical-design.md). The order is the one clients show
(instaql.md §2.4): null first, then numbers by size, false before true, dates by instant, strings
as `Intl.Collator('en-US')` has them. Equal keys mean equal in that order; the entity id decides
between them, and equality of values is never decided by keys.

| value | key |
|---|---|
| null | empty; no other key is |
| number | 8 bytes: the double, sign bit flipped, negative numbers inverted |
| boolean | 1 byte |
| date | 8 bytes: microseconds since the epoch, sign bit flipped |
| string | ICU's key, at least 3 bytes, cut after `MAX_KEY_BYTES` |

The cut keeps the order: it can only make two keys equal, never swap them. It touches no string
of letters that fits an indexed value (1,012 bytes of UTF-8, worst case measured 2,048 bytes of
key), only long runs of compatibility ligatures, and long query operands.
"""

from __future__ import annotations

import math
import struct
from typing import Any, Final

import icu

from triples.attrs.attr import CheckedDataType
from triples.values.dates import parse_date

MAX_KEY_BYTES: Final = 2600  # a btree entry holds 2,704 bytes, three uuids and its header included

NULL_KEY: Final = b""

_COLLATOR: Final = icu.Collator.createInstance(icu.Locale("en-US"))
_SIGN_BIT: Final = 1 << 63
_ALL_BITS: Final = (1 << 64) - 1


class NotOfType(ValueError):
    """The value is not of the checked type, so it has no place in that type's order."""


def sort_key(value: Any, checked_type: CheckedDataType) -> bytes:
    """The key of a decoded JSON value under a checked type.

    Raises `NotOfType` for a value of another type and `DateUnreadable` for a date that cannot be
    read; both are `ValueError`s. Relative dates (`now`) are taken at the time of the call.
    """
    if value is None:
        return NULL_KEY
    match checked_type:
        case "string" if isinstance(value, str):
            return _string_key(value)
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return _number_key(value)
        case "boolean" if isinstance(value, bool):
            return b"\x01" if value else b"\x00"
        case "date":
            return (parse_date(value) + _SIGN_BIT).to_bytes(8, "big")
        case _:
            raise NotOfType(f"not a {checked_type}: {type(value).__name__}")


def _string_key(text: str) -> bytes:
    key: bytes = _COLLATOR.getSortKey(text)
    return key[:MAX_KEY_BYTES]


def _number_key(number: float) -> bytes:
    # `+ 0.0` turns -0.0 into 0.0, which JSON and JavaScript hold to be the same.
    bits = int.from_bytes(struct.pack(">d", _as_double(number) + 0.0), "big")
    ordered = bits ^ _ALL_BITS if bits & _SIGN_BIT else bits | _SIGN_BIT
    return ordered.to_bytes(8, "big")


def _as_double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an integer that no double holds, which `jsonb` can
        return math.copysign(math.inf, number > 0 or -1)
