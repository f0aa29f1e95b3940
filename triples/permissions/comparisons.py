"""Closures of the comparisons (§13.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from triples.permissions import values
from triples.permissions.scope import Scope

LONG_TEXT: Final = 1_024  # characters; about as long to look through as a step takes

Closure = Callable[[Scope], Any]


def equality(left: Closure, right: Closure, is_charged: bool) -> Closure:
    """`left == right`; `is_charged` within loops, where long texts add up."""

    def in_loop(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        if type(one) is str and len(one) > LONG_TEXT:
            scope.charge(len(one) // LONG_TEXT)
        return values.equal(one, other, scope.charge)

    def once(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        if type(one) is str:
            return bool(one == other)
        return values.equal(one, other, scope.charge)

    return in_loop if is_charged else once


def greater(left: Closure, right: Closure) -> Closure:
    """`left > right`."""

    def compared(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        return values.less(other, one, ">")

    return compared


def at_most(left: Closure, right: Closure) -> Closure:
    """`left <= right`."""

    def compared(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        return values.less(one, other, "<=") or values.equal(one, other)

    return compared


def at_least(left: Closure, right: Closure) -> Closure:
    """`left >= right`."""

    def compared(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        return values.less(other, one, ">=") or values.equal(one, other)

    return compared
