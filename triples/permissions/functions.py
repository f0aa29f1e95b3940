"""All functions that rules may call: by name, by whether they have a target, by arguments.

The table is what closures call and what `check` knows of names; types before evaluation are in
`signatures`. Macros, `ref` and rate limits are not functions (`tree`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triples.permissions import conversions, math_functions, text_functions, time_functions

MANY: Final = 50
"""The most arguments that functions of any number of them take."""

_DATE: Final = 150
_DURATION: Final = 80
_PART_OF_TIME: Final = 40
_PATTERN: Final = 50
_TEXT_OF_TIME: Final = 40


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    - `least`, `most`: how many arguments it takes, a method's target not included.
    - `steps`: what a call costs of an evaluation's budget; a step is a tenth of a microsecond.
    """

    call: Callable[..., Any]
    least: int
    most: int
    steps: int = 5


GLOBAL: Final[Mapping[str, Function]] = {
    "size": Function(conversions.size, 1, 1),
    "matches": Function(text_functions.matches, 2, 2, _PATTERN),
    "int": Function(conversions.to_int, 1, 1),
    "uint": Function(conversions.to_uint, 1, 1),
    "double": Function(conversions.to_double, 1, 1),
    "string": Function(conversions.to_string, 1, 1, _TEXT_OF_TIME),
    "bool": Function(conversions.to_bool, 1, 1),
    "bytes": Function(conversions.to_bytes, 1, 1),
    "dyn": Function(conversions.dyn, 1, 1),
    "type": Function(conversions.type_of, 1, 1),
    "timestamp": Function(time_functions.timestamp, 1, 1, _DATE),
    "duration": Function(time_functions.duration, 1, 1, _DURATION),
    "math.greatest": Function(math_functions.greatest, 1, MANY),
    "math.least": Function(math_functions.least, 1, MANY),
    "math.abs": Function(math_functions.absolute, 1, 1),
    "math.ceil": Function(math_functions.ceil, 1, 1),
    "math.floor": Function(math_functions.floor, 1, 1),
    "math.round": Function(math_functions.round_, 1, 1),
    "math.trunc": Function(math_functions.trunc, 1, 1),
    "math.sign": Function(math_functions.sign, 1, 1),
    "math.sqrt": Function(math_functions.square_root, 1, 1),
    "math.isNaN": Function(math_functions.is_nan, 1, 1),
    "math.isInf": Function(math_functions.is_inf, 1, 1),
    "math.isFinite": Function(math_functions.is_finite, 1, 1),
    "math.bitAnd": Function(math_functions.bit_and, 2, 2),
    "math.bitOr": Function(math_functions.bit_or, 2, 2),
    "math.bitXor": Function(math_functions.bit_xor, 2, 2),
    "math.bitNot": Function(math_functions.bit_not, 1, 1),
    "math.bitShiftLeft": Function(math_functions.bit_shift_left, 2, 2),
    "math.bitShiftRight": Function(math_functions.bit_shift_right, 2, 2),
}
"""Functions without a target."""

METHODS: Final[Mapping[str, Function]] = {
    "size": Function(conversions.size, 0, 0),
    "contains": Function(text_functions.contains, 1, 1),
    "startsWith": Function(text_functions.starts_with, 1, 1),
    "endsWith": Function(text_functions.ends_with, 1, 1),
    "matches": Function(text_functions.matches, 1, 1, _PATTERN),
    "charAt": Function(text_functions.char_at, 1, 1),
    "indexOf": Function(text_functions.index_of, 1, 2),
    "lastIndexOf": Function(text_functions.last_index_of, 1, 2),
    "join": Function(text_functions.join, 0, 1),
    "lowerAscii": Function(text_functions.lower_ascii, 0, 0),
    "upperAscii": Function(text_functions.upper_ascii, 0, 0),
    "replace": Function(text_functions.replace, 2, 3),
    "split": Function(text_functions.split, 1, 2),
    "substring": Function(text_functions.substring, 1, 2),
    "trim": Function(text_functions.trim, 0, 0),
    "getTime": Function(time_functions.epoch_milliseconds, 0, 0),
    **{name: Function(part, 0, 1, _PART_OF_TIME) for name, part in time_functions.GETTERS.items()},
}
"""Functions of a target, `target.function(…)`."""


def find(function: str, has_target: bool, arguments: int) -> Function | None:
    """The function of this name that takes this number of arguments; None if there is none."""
    found = (METHODS if has_target else GLOBAL).get(function)
    if found is None or not found.least <= arguments <= found.most:
        return None
    return found
