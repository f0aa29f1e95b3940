"""What functions and operators take and make, as types before evaluation (§13.5).

Read by `check` only: at run time values have their own types, and `functions` decides. A type is
a name; `dyn` is whatever is not known before, and fits everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from triples.permissions.functions import GLOBAL
from triples.permissions.time_functions import GETTERS

TIMESTAMP: Final = "google.protobuf.Timestamp"
DURATION: Final = "google.protobuf.Duration"
NUMBERS: Final = ("int", "uint", "double")


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function; a method's target comes first."""

    takes: tuple[str, ...]
    makes: str


def _of(*lines: str) -> tuple[Overload, ...]:
    """Overloads written as `string, int -> bool`; `ts` and `dur` are short names."""
    return tuple(_overload(line) for line in lines)


def _overload(line: str) -> Overload:
    takes, makes = line.split(" -> ")
    return Overload(tuple(_type(name) for name in takes.split(", ")), _type(makes))


def _type(name: str) -> str:
    return {"ts": TIMESTAMP, "dur": DURATION}.get(name, name)


def _same(makes: str, types: Iterable[str]) -> tuple[Overload, ...]:
    return tuple(Overload((one, one), makes if makes != "same" else one) for one in types)


_GETTER: Final = _of("ts -> int", "ts, string -> int")
_BITS: Final = _same("same", ("int", "uint"))
_SHIFT: Final = _of("int, int -> int", "uint, int -> uint")
_ROUND: Final = _of("double -> double")
_IS: Final = _of("double -> bool")
_SIZE: Final = _of("string -> int", "bytes -> int", "list -> int", "map -> int")

GLOBAL_SIGNATURES: Final[Mapping[str, tuple[Overload, ...]]] = {
    "size": _SIZE,
    "matches": _of("string, string -> bool"),
    "int": _of("int -> int", "uint -> int", "double -> int", "string -> int", "ts -> int"),
    "uint": _of("uint -> uint", "int -> uint", "double -> uint", "string -> uint"),
    "double": _of("double -> double", "int -> double", "uint -> double", "string -> double"),
    "string": _of(
        "string -> string",
        "int -> string",
        "uint -> string",
        "double -> string",
        "bool -> string",
        "bytes -> string",
        "ts -> string",
        "dur -> string",
    ),
    "bool": _of("bool -> bool", "string -> bool"),
    "bytes": _of("bytes -> bytes", "string -> bytes"),
    "dyn": _of("dyn -> dyn"),
    "type": _of("dyn -> type"),
    "timestamp": _of("string -> ts", "int -> ts"),
    "duration": _of("string -> dur", "dur -> dur"),
    "math.abs": _of("int -> int", "uint -> uint", "double -> double"),
    "math.ceil": _ROUND,
    "math.floor": _ROUND,
    "math.round": _ROUND,
    "math.trunc": _ROUND,
    "math.sign": _of("int -> int", "uint -> uint", "double -> double"),
    "math.sqrt": _of("int -> double", "uint -> double", "double -> double"),
    "math.isNaN": _IS,
    "math.isInf": _IS,
    "math.isFinite": _IS,
    "math.bitAnd": _BITS,
    "math.bitOr": _BITS,
    "math.bitXor": _BITS,
    "math.bitNot": _of("int -> int", "uint -> uint"),
    "math.bitShiftLeft": _SHIFT,
    "math.bitShiftRight": _SHIFT,
}

METHOD_SIGNATURES: Final[Mapping[str, tuple[Overload, ...]]] = {
    "size": _SIZE,
    "contains": _of("string, string -> bool"),
    "startsWith": _of("string, string -> bool"),
    "endsWith": _of("string, string -> bool"),
    "matches": _of("string, string -> bool"),
    "charAt": _of("string, int -> string"),
    "indexOf": _of("string, string -> int", "string, string, int -> int"),
    "lastIndexOf": _of("string, string -> int", "string, string, int -> int"),
    "join": _of("list -> string", "list, string -> string"),
    "lowerAscii": _of("string -> string"),
    "upperAscii": _of("string -> string"),
    "replace": _of("string, string, string -> string", "string, string, string, int -> string"),
    "split": _of("string, string -> list", "string, string, int -> list"),
    "substring": _of("string, int -> string", "string, int, int -> string"),
    "trim": _of("string -> string"),
    "getTime": _of("ts -> int"),
    **dict.fromkeys(GETTERS, _GETTER),
    **{name: _GETTER + _of("dur -> int") for name in ("getHours", "getMinutes", "getSeconds")},
    "getMilliseconds": _GETTER + _of("dur -> int"),
}

OPERATORS: Final[Mapping[str, tuple[Overload, ...]]] = {
    "+": (
        *_same("same", (*NUMBERS, "string", "bytes", "list", DURATION)),
        *_of("ts, dur -> ts", "dur, ts -> ts"),
    ),
    "-": (
        *_same("same", (*NUMBERS, DURATION)),
        *_of("ts, ts -> dur", "ts, dur -> ts"),
    ),
    "*": _same("same", NUMBERS),
    "/": _same("same", NUMBERS),
    "%": _same("same", ("int", "uint")),
    "in": _of("dyn, list -> bool", "dyn, map -> bool"),
}

UNSIGNED: Final = frozenset(GLOBAL) - GLOBAL_SIGNATURES.keys()
"""Functions of any number of arguments, which have no overloads to choose from."""
