"""CEL's conversions between types, `type` and `size` (§13.5)."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from triples.permissions import time_functions
from triples.permissions.failures import EvaluationFailed, no_overload, type_name
from triples.permissions.operators import integer, unsigned
from triples.permissions.tree import Uint
from triples.permissions.values import Duration, MapValue, Timestamp, TypeValue

TYPES: Final = {
    name: TypeValue(name)
    for name in (
        *("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"),
        "google.protobuf.Timestamp",
        "google.protobuf.Duration",
    )
}
"""The types that have names in the language."""

_DIGITS: Final = re.compile(r"[+-]?[0-9]{1,20}\Z")
_DOUBLE: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_DOUBLES: Final = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "+Infinity": math.inf,
    "-Infinity": -math.inf,
}
_MAX_NUMBER_TEXT: Final = 400
_BOOLS: Final = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "0"), False),
}
_OTHER_NAMES: Final = {
    "null": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
}


def to_int(value: Any) -> int:
    """A number cut towards zero, digits, or a moment's seconds since the epoch."""
    match value:
        case bool():
            raise no_overload("int", value)
        case int():
            return integer(int(value))
        case float():
            return integer(_whole(value))
        case str() if _DIGITS.match(value):
            return integer(int(value))
        case Timestamp():
            return time_functions.epoch_seconds(value)
        case str():
            raise _unreadable(value, "int")
    raise no_overload("int", value)


def to_uint(value: Any) -> Uint:
    """A number cut towards zero, or digits; never negative."""
    match value:
        case bool():
            raise no_overload("uint", value)
        case int():
            return unsigned(int(value))
        case float():
            return unsigned(_whole(value))
        case str() if _DIGITS.match(value):
            return unsigned(int(value))
        case str():
            raise _unreadable(value, "uint")
    raise no_overload("uint", value)


def to_double(value: Any) -> float:
    """A number, or its text."""
    match value:
        case bool():
            raise no_overload("double", value)
        case int() | float():
            return float(value)
        case str() if value in _DOUBLES:
            return _DOUBLES[value]
        case str() if len(value) <= _MAX_NUMBER_TEXT and _DOUBLE.match(value):
            return float(value)
        case str():
            raise _unreadable(value, "double")
    raise no_overload("double", value)


def to_string(value: Any) -> str:
    """A value's text."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float():
            return _double_text(value)
        case bytes():
            return _decoded(value)
        case Timestamp():
            return time_functions.timestamp_text(value)
        case Duration():
            return time_functions.duration_text(value)
    raise no_overload("string", value)


def to_bool(value: Any) -> bool:
    """A bool, or its text."""
    match value:
        case bool():
            return value
        case str() if value in _BOOLS:
            return _BOOLS[value]
        case str():
            raise _unreadable(value, "bool")
    raise no_overload("bool", value)


def to_bytes(value: Any) -> bytes:
    """A string in UTF-8."""
    if type(value) is bytes:
        return value
    if type(value) is str:
        return value.encode()
    raise no_overload("bytes", value)


def dyn(value: Any) -> Any:
    """The value itself; `dyn(x)` says that its type is not to be checked before."""
    return value


def type_of(value: Any) -> TypeValue:
    """`type(x)`."""
    name = type_name(value)
    return TYPES.get(_OTHER_NAMES.get(name, name)) or TypeValue(name)


def size(value: Any) -> int:
    """How many characters, bytes, elements or entries there are."""
    if isinstance(value, str | bytes | list | dict | MapValue):
        return len(value)
    raise no_overload("size", value)


def _whole(value: float) -> int:
    if not math.isfinite(value):
        raise EvaluationFailed("NUMERIC_OVERFLOW", "double is out of range for int")
    return math.trunc(value)


def _double_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise EvaluationFailed("BAD_FORMAT", "invalid UTF-8 in bytes") from error


def _unreadable(value: str, wanted: str) -> EvaluationFailed:
    return EvaluationFailed("BAD_FORMAT", f"Unable to parse {value[:40]!r} as {wanted}")
