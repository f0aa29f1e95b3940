"""CEL's `math.…` functions (§13.5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from triples.permissions.failures import EvaluationFailed, no_overload
from triples.permissions.operators import integer
from triples.permissions.tree import Uint
from triples.permissions.values import is_number

_BITS: Final = 64
_MASK: Final = (1 << _BITS) - 1


def greatest(*values: Any) -> Any:
    """The largest of numbers, or of one list of them."""
    return _extreme("math.greatest", values, lambda one, other: one > other)


def least(*values: Any) -> Any:
    """The smallest of numbers, or of one list of them."""
    return _extreme("math.least", values, lambda one, other: one < other)


def absolute(value: Any) -> Any:
    """The number without its sign."""
    if type(value) is int:
        return integer(abs(value))
    if type(value) in (float, Uint):
        return abs(value) if type(value) is float else value
    raise no_overload("math.abs", value)


def sign(value: Any) -> Any:
    """-1, 0 or 1, of the number's own type."""
    if not is_number(value):
        raise no_overload("math.sign", value)
    if value != value:
        return value
    return type(value)((value > 0) - (value < 0))


def square_root(value: Any) -> float:
    """The root; of a negative number NaN."""
    if not is_number(value):
        raise no_overload("math.sqrt", value)
    return math.sqrt(value) if value >= 0 else float("nan")


def _rounding(name: str, how: Callable[[float], float]) -> Callable[[Any], float]:
    def rounded(value: Any) -> float:
        if type(value) is not float:
            raise no_overload(name, value)
        return how(value) if math.isfinite(value) else value

    return rounded


def _half_away_from_zero(value: float) -> float:
    # Not floor(x + 0.5): adding rounds, and 0.49999999999999994 would become 1.
    whole = math.trunc(value)
    moved = whole + int(math.copysign(1, value)) if abs(value - whole) >= 0.5 else whole
    return math.copysign(float(moved), value)


ceil: Final = _rounding("math.ceil", lambda value: float(math.ceil(value)))
floor: Final = _rounding("math.floor", lambda value: float(math.floor(value)))
trunc: Final = _rounding("math.trunc", lambda value: float(math.trunc(value)))
round_: Final = _rounding("math.round", _half_away_from_zero)


def _question(name: str, answer: Callable[[float], bool]) -> Callable[[Any], bool]:
    def asked(value: Any) -> bool:
        if type(value) is not float:
            raise no_overload(name, value)
        return answer(value)

    return asked


is_nan: Final = _question("math.isNaN", math.isnan)
is_inf: Final = _question("math.isInf", math.isinf)
is_finite: Final = _question("math.isFinite", math.isfinite)


def _bitwise(name: str, how: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def combined(left: Any, right: Any) -> Any:
        if type(left) is not type(right) or type(left) not in (int, Uint):
            raise no_overload(name, left, right)
        return type(left)(how(int(left), int(right)))

    return combined


bit_and: Final = _bitwise("math.bitAnd", lambda left, right: left & right)
bit_or: Final = _bitwise("math.bitOr", lambda left, right: left | right)
bit_xor: Final = _bitwise("math.bitXor", lambda left, right: left ^ right)


def bit_not(value: Any) -> Any:
    """Every bit turned round."""
    return _from_bits("math.bitNot", value, ~int(value) if type(value) in (int, Uint) else 0)


def bit_shift_left(value: Any, places: Any) -> Any:
    """Bits moved up; those beyond the 64th are lost."""
    shift = _shift("math.bitShiftLeft", value, places)
    return _from_bits("math.bitShiftLeft", value, int(value) << shift if shift < _BITS else 0)


def bit_shift_right(value: Any, places: Any) -> Any:
    """Bits moved down; zeros come from above, also for negative ints."""
    shift = _shift("math.bitShiftRight", value, places)
    return _from_bits("math.bitShiftRight", value, (int(value) & _MASK) >> min(shift, _BITS))


def _shift(name: str, value: Any, places: Any) -> int:
    if type(value) not in (int, Uint) or type(places) is not int:
        raise no_overload(name, value, places)
    if places < 0:
        raise EvaluationFailed("INVALID_ARGUMENT", f"{name}() negative offset: {places}")
    return int(places)


def _from_bits(name: str, like: Any, bits: int) -> Any:
    """The low 64 bits as a number of the same type as `like`."""
    low = bits & _MASK
    if type(like) is Uint:
        return Uint(low)
    if type(like) is int:
        return low - (1 << _BITS) if low >> (_BITS - 1) else low
    raise no_overload(name, like)


def _extreme(name: str, values: tuple[Any, ...], better: Callable[[Any, Any], bool]) -> Any:
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not listed:
        raise EvaluationFailed("INVALID_ARGUMENT", f"{name}(list) argument must not be empty")
    if not all(is_number(value) for value in listed):
        raise no_overload(name, *values)
    best = listed[0]
    for value in listed[1:]:
        best = value if better(value, best) else best
    return best
