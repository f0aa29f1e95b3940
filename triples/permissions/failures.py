"""Why an expression has no value; raised by closures and caught where a rule is decided.

    EvaluationFailed     the expression is wrong for these values: `&&` and `||` may absorb it
    ├── RefMissing       it needs the values of a `ref` that are not loaded yet
    └── LimitExceeded    a rate limit in it has no tokens left
    Interrupted          evaluation stops here, whatever surrounds it
    ├── LimitMissing     it needs tokens of a rate limit, which are taken before it goes on
    └── OutOfSteps       it has used up its budget

The codes are those of CEL's Java engine, which clients read in `hint.error.type`.
"""

from __future__ import annotations

from typing import Any, Literal

Code = Literal[
    "OVERLOAD_NOT_FOUND",
    "ATTRIBUTE_NOT_FOUND",
    "INDEX_OUT_OF_BOUNDS",
    "NUMERIC_OVERFLOW",
    "DIVIDE_BY_ZERO",
    "BAD_FORMAT",
    "INVALID_ARGUMENT",
    "INTERNAL_ERROR",
]


class EvaluationFailed(Exception):
    """The expression has no value for these values."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RefMissing(EvaluationFailed):
    """A `ref` whose values are not loaded yet: unknown, and perhaps not needed."""

    def __init__(self) -> None:
        super().__init__("ATTRIBUTE_NOT_FOUND", "The values of a ref are not loaded")


class LimitExceeded(EvaluationFailed):
    """A bucket has too few tokens; `hint` says when it will have enough (§16)."""

    def __init__(self, hint: dict[str, Any]) -> None:
        super().__init__("INTERNAL_ERROR", "Rate limit exceeded")
        self.hint = hint


class Interrupted(Exception):
    """Evaluation stops; nothing in the expression may absorb this."""


class LimitMissing(Interrupted):
    """Tokens must be taken before the expression can go on.

    `call` tells apart the calls of one expression, `asked` what one of them asks for.
    """

    def __init__(self, bucket: str, key: Any, tokens: int, *, call: int, asked: str) -> None:
        super().__init__(bucket)
        self.bucket = bucket
        self.key = key
        self.tokens = tokens
        self.call = call
        self.asked = asked


class OutOfSteps(Interrupted):
    """The expression takes longer than it may."""


def no_overload(function: str, *operands: Any) -> EvaluationFailed:
    """The function or operator does not take values of these types."""
    from_types = ", ".join(type_name(operand) for operand in operands)
    return EvaluationFailed(
        "OVERLOAD_NOT_FOUND",
        f"No matching overload for function '{function}' applied to '({from_types})'",
    )


def type_name(value: Any) -> str:
    """A value's type as messages spell it."""
    return _TYPE_NAMES.get(type(value).__name__, type(value).__name__)


_TYPE_NAMES = {
    "NoneType": "null",
    "str": "string",
    "float": "double",
    "Uint": "uint",
    "dict": "map",
    "MapValue": "map",
    "tuple": "list",
    "RefValues": "list",
    "Timestamp": "timestamp",
    "Duration": "duration",
    "TypeValue": "type",
}
