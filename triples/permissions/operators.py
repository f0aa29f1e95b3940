"""The arithmetic operators: which types they take, and where 64 bits end (§13.5).

Numbers of different types do not mix. `+` also joins strings, bytes and lists, and `+` and `-`
reckon with time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from triples.permissions.failures import EvaluationFailed, no_overload
from triples.permissions.literals import INT_MAX, INT_MIN, UINT_MAX
from triples.permissions.tree import Uint
from triples.permissions.values import Duration, Timestamp

Arithmetic = Callable[[Any, Any], Any]


def integer(value: int) -> int:
    """An int within 64 bits; raises `EvaluationFailed` beyond."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationFailed("NUMERIC_OVERFLOW", "Integer overflow")


def unsigned(value: int) -> Uint:
    """A uint within 64 bits; raises `EvaluationFailed` beyond."""
    if 0 <= value <= UINT_MAX:
        return Uint(value)
    raise EvaluationFailed("NUMERIC_OVERFLOW", "Unsigned integer overflow")


def add(left: Any, right: Any) -> Any:
    """`left + right`; joined strings and lists are charged by the caller."""
    kind = type(left)
    if kind is type(right):
        if kind is int:
            return integer(left + right)
        if kind in (str, float, bytes):
            return left + right
        if kind is Uint:
            return unsigned(int(left) + int(right))
        if kind is Duration:
            return Duration(left.nanos + right.nanos)
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    match left, right:
        case (Timestamp(moment), Duration(length)) | (Duration(length), Timestamp(moment)):
            return Timestamp(moment + length)
    raise no_overload("_+_", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`left - right`."""
    match left, right:
        case (Timestamp(one), Timestamp(other)) | (Duration(one), Duration(other)):
            return Duration(one - other)
        case (Timestamp(moment), Duration(length)):
            return Timestamp(moment - length)
    return _of_one_type("_-_", left, right, lambda a, b: a - b, lambda a, b: a - b)


def multiply(left: Any, right: Any) -> Any:
    """`left * right`."""
    return _of_one_type("_*_", left, right, lambda a, b: a * b, lambda a, b: a * b)


def divide(left: Any, right: Any) -> Any:
    """`left / right`; of ints towards zero, of doubles as IEEE 754 has it."""
    return _of_one_type("_/_", left, right, _quotient, _double_quotient)


def remainder(left: Any, right: Any) -> Any:
    """`left % right`, with the sign of `left`; not of doubles."""
    return _of_one_type("_%_", left, right, _modulo, None)


def negate(operand: Any) -> Any:
    """`-operand`."""
    if type(operand) is int:
        return integer(-operand)
    if type(operand) is float:
        return -operand
    if type(operand) is Duration:
        return Duration(-operand.nanos)
    raise no_overload("-_", operand)


def _of_one_type(
    name: str,
    left: Any,
    right: Any,
    of_ints: Callable[[int, int], int],
    of_doubles: Callable[[float, float], float] | None,
) -> Any:
    kind = type(left)
    if kind is type(right):
        if kind is int:
            return integer(of_ints(left, right))
        if kind is Uint:
            return unsigned(of_ints(int(left), int(right)))
        if kind is float and of_doubles is not None:
            return of_doubles(left, right)
    raise no_overload(name, left, right)


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationFailed("DIVIDE_BY_ZERO", "/ by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _modulo(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationFailed("DIVIDE_BY_ZERO", "% by zero")
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def _double_quotient(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or left != left:
        return float("nan")
    return left * (float("inf") if str(right)[0] != "-" else float("-inf"))


ARITHMETIC: Final[dict[str, Arithmetic]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
}
