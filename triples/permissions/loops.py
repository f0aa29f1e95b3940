"""The macros that go over lists and maps, as closures (§13.5).

`all` and `exists` absorb failures as `&&` and `||` do; the others do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from triples.permissions.failures import EvaluationFailed, no_overload
from triples.permissions.logic import FAILURE_STEPS, graver
from triples.permissions.scope import Scope
from triples.permissions.tree import Macro
from triples.permissions.values import elements

Closure = Callable[[Scope], Any]


def loop(
    macro: Macro,
    ranged: Closure,
    slot: int,
    condition: Closure | None,
    result: Closure | None,
    weight: int,
) -> Closure:
    """The macro's closure; `weight` is how many steps one round costs."""
    match macro, condition, result:
        case "all", test, None if test is not None:
            return _decided_by(False, ranged, slot, test, weight)
        case "exists", test, None if test is not None:
            return _decided_by(True, ranged, slot, test, weight)
        case "exists_one", test, None if test is not None:
            return _exists_one(ranged, slot, test, weight)
        case "filter", test, None if test is not None:
            return _gathered(ranged, slot, test, None, weight)
        case "map", _, made if made is not None:
            return _gathered(ranged, slot, condition, made, weight)
    raise TypeError(f"{macro} lacks a part")


def _decided_by(decisive: bool, ranged: Closure, slot: int, test: Closure, weight: int) -> Closure:
    other = not decisive

    def decided(scope: Scope) -> Any:
        failure: EvaluationFailed | None = None
        for element in elements(ranged(scope)):
            scope.charge(weight)
            scope.slots[slot] = element
            try:
                value = test(scope)
            except EvaluationFailed as error:
                scope.charge(FAILURE_STEPS)
                failure = graver(failure, error)
                continue
            if value is decisive:
                return decisive
            if value is not other:
                failure = failure or no_overload("_||_" if decisive else "_&&_", value)
        if failure is not None:
            raise failure
        return other

    return decided


def _exists_one(ranged: Closure, slot: int, test: Closure, weight: int) -> Closure:
    def counted(scope: Scope) -> bool:
        found = 0
        for element in elements(ranged(scope)):
            scope.charge(weight)
            scope.slots[slot] = element
            found += holds(test(scope))
        return found == 1

    return counted


def _gathered(
    ranged: Closure, slot: int, test: Closure | None, made: Closure | None, weight: int
) -> Closure:
    def gathered(scope: Scope) -> list[Any]:
        found: list[Any] = []
        for element in elements(ranged(scope)):
            scope.charge(weight)
            scope.slots[slot] = element
            if test is None or holds(test(scope)):
                found.append(element if made is None else made(scope))
        return found

    return gathered


def holds(value: Any) -> bool:
    """A condition's value; raises `EvaluationFailed` unless it is a bool."""
    if value is True or value is False:
        return value is True
    raise no_overload("_?_:_", value)
