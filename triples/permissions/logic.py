"""Closures of the connectives: `!`, `&&`, `||`, `? :`, and the binds (§13.5).

`&&` and `||` absorb failures of one operand where another decides; an operand that is no bool fails
like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from triples.permissions.failures import EvaluationFailed, RefMissing, no_overload
from triples.permissions.scope import Scope

FAILURE_STEPS: Final = 20  # raising and catching

Closure = Callable[[Scope], Any]


def negation_of(operand: Closure) -> Closure:
    """`!operand`, of a bool only."""

    def negation(scope: Scope) -> bool:
        value = operand(scope)
        if value is True:
            return False
        if value is False:
            return True
        raise no_overload("!_", value)

    return negation


def decided_by(decisive: bool, name: str, operands: tuple[Closure, ...]) -> Closure:
    """`&&`, decided by false, or `||`, decided by true, whatever the other operands do."""
    other = not decisive

    def combined(scope: Scope) -> Any:
        failure: EvaluationFailed | None = None
        for operand in operands:
            try:
                value = operand(scope)
            except EvaluationFailed as error:
                scope.charge(FAILURE_STEPS)
                failure = graver(failure, error)
                continue
            if value is decisive:
                return decisive
            if value is not other:
                failure = failure or no_overload(name, value)
        if failure is not None:
            raise failure
        return other

    return combined


def graver(failure: EvaluationFailed | None, error: EvaluationFailed) -> EvaluationFailed:
    """The first failure, but an unknown before all: it may yet turn out to decide."""
    return error if failure is None or type(error) is RefMissing else failure


def chosen_by(condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    """`condition ? then : otherwise`; the other branch is not run."""

    def chosen(scope: Scope) -> Any:
        value = condition(scope)
        if value is True:
            return then(scope)
        if value is False:
            return otherwise(scope)
        raise no_overload("_?_:_", value)

    return chosen


class Lazy:
    """A bind's value, evaluated when it is first used; a failure is kept as well."""

    __slots__ = ("_failure", "_is_known", "_make", "_value")

    def __init__(self, make: Closure) -> None:
        self._make = make
        self._is_known = False
        self._value: Any = None
        self._failure: EvaluationFailed | None = None

    def value(self, scope: Scope) -> Any:
        """The value; raises what its expression raised."""
        if not self._is_known:
            try:
                self._value = self._make(scope)
            except EvaluationFailed as error:
                self._failure = error
            self._is_known = True
        if self._failure is not None:
            raise self._failure
        return self._value


def bound_to(slot: int, value: Closure, body: Closure) -> Closure:
    """`cel.bind(variable, value, body)`, the variable in its slot."""

    def bound(scope: Scope) -> Any:
        scope.slots[slot] = Lazy(value)
        return body(scope)

    return bound
