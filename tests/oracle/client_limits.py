"""Where a client, by its own doing, shows something else than the query says.

A server cannot mend these (instaql.md §3.2, R5 and the last line; the rest was read in the client
and seen in these tests). Each is a named rule over a query; a comparison with the client is
weakened only for queries that meet one, and the tests count how often. All of them are limits of
the published client; this project's browser client shares only those of `BROWSER_…`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from tests.oracle.world import World
from triples.attrs.attr import Attr


class ClientLimit(Enum):
    """One thing the client does differently."""

    REVERSE_LINK_OPERATORS = (
        "`$not` and `$in` on a reverse link label compare an object with an id: they never match"
    )
    DATE_EQUALITY = "dates are equal only in the same spelling"
    STRING_COMPARISON = "`$gt` … on strings go by UTF-16 code units, not by collation"
    NULL_COMPARISON = "`$gt` … take null for 0, so that rows without a number or date match"
    KEYS_OF_ELEMENT_SHARE = "the keys of one element of `and`/`or` share linked entities"
    ABSENCE_SHARES = (
        "the terms that `$not` and `$isNull: true` expand to share linked entities with the other"
        " keys beside them"
    )
    GROUP_OF_ONE = "`and`/`or` with one element has linked entities of its own"
    SEVERAL_OPERATORS = "only the first operator of an operator object is applied"
    LAST = "`last` without a cursor or offset takes the first rows of those it has"
    ABSENCE = (
        "an entity that was sent for another part of the query looks as if it had none of the"
        " values and links that were not sent, so `$not` and `$isNull` hold for it"
    )


OVER_ALL_TRIPLES = frozenset(ClientLimit) - {ClientLimit.ABSENCE}
"""Limits that show even when the client has every triple of the app."""

OVER_THE_ANSWER = frozenset(ClientLimit) - {
    ClientLimit.NULL_COMPARISON,
    ClientLimit.GROUP_OF_ONE,
    ClientLimit.SEVERAL_OPERATORS,
}
"""Limits that show when the client has the triples of a server's answer."""

BROWSER_OVER_ALL_TRIPLES: Final[frozenset[ClientLimit]] = frozenset()
"""Over every triple of the app the browser client shows what the query says."""

BROWSER_OVER_THE_ANSWER: Final = frozenset({ClientLimit.ABSENCE})
"""No client can tell what it was not sent from what there is not."""

_COMPARISONS: Final = frozenset({"$gt", "$gte", "$lt", "$lte"})


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A condition as it stands in the query."""

    path: list[str]
    attr: Attr | None
    is_reverse: bool
    test: Any

    @property
    def operators(self) -> set[str]:
        return set(self.test) if isinstance(self.test, dict) else {"="}


def limits_met(world: World, query: dict[str, Any]) -> set[ClientLimit]:
    """The limits that may show in this query."""
    met: set[ClientLimit] = set()
    forms = list(_forms(world, query))
    for etype, options in forms:
        if options.get("last") and not any(options.get(n) for n in ("offset", "after", "before")):
            met.add(ClientLimit.LAST)
        for where in _elements(options.get("where") or {}):
            met.update(_limits_of_element(where))
        for leaf in _leaves(world, etype, options.get("where") or {}):
            met.update(_limits_of_leaf(leaf))
            if _matches_null(leaf) and (len(forms) > 1 or len(leaf.path) > 1):
                met.add(ClientLimit.ABSENCE)
    return met


def _limits_of_leaf(leaf: _Leaf) -> Iterator[ClientLimit]:
    if leaf.is_reverse and leaf.operators & {"$not", "$ne", "$in", "in"}:
        yield ClientLimit.REVERSE_LINK_OPERATORS
    if len(leaf.operators) > 1:
        yield ClientLimit.SEVERAL_OPERATORS
    attr = leaf.attr
    if attr is None or attr.is_ref:
        return
    if attr.checked_data_type == "date" and leaf.operators & {"=", "$in", "in", "$not", "$ne"}:
        yield ClientLimit.DATE_EQUALITY
    if attr.checked_data_type == "string" and leaf.operators & _COMPARISONS:
        yield ClientLimit.STRING_COMPARISON
    elif leaf.operators & _COMPARISONS:
        yield ClientLimit.NULL_COMPARISON


def _matches_null(leaf: _Leaf) -> bool:
    """Whether the client lets entities without a value pass."""
    return _is_about_absence(leaf.test) or bool(leaf.operators & _COMPARISONS)


def _limits_of_element(where: dict[str, Any]) -> Iterator[ClientLimit]:
    for key, value in where.items():
        if "." in key and _is_about_absence(value) and _dotted(where) > 1:
            yield ClientLimit.ABSENCE_SHARES
        if key in ("or", "and") and isinstance(value, list):
            if len(value) == 1:
                yield ClientLimit.GROUP_OF_ONE
            if any(_dotted(element) > 1 for element in value):
                yield ClientLimit.KEYS_OF_ELEMENT_SHARE


def _dotted(where: dict[str, Any]) -> int:
    """How many keys speak of linked entities."""
    return sum("." in name for name in where)


def _is_about_absence(test: Any) -> bool:
    """Whether entities without the value satisfy the test."""
    return isinstance(test, dict) and (
        "$not" in test or "$ne" in test or test.get("$isNull") is True
    )


def _elements(where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield where
    for key, value in where.items():
        if key in ("or", "and") and isinstance(value, list):
            for element in value:
                yield from _elements(element)


def _leaves(world: World, etype: str, where: dict[str, Any]) -> Iterator[_Leaf]:
    for element in _elements(where):
        for key, test in element.items():
            if not (key in ("or", "and") and isinstance(test, list)):
                yield _leaf(world, etype, key.split("."), test)


def _leaf(world: World, etype: str, path: list[str], test: Any) -> _Leaf:
    here: str | None = etype
    for label in path[:-1]:
        resolved = world.catalog.resolve(here or "", label)
        here = resolved and (
            resolved[0].reverse_etype if resolved[1] == "forward" else resolved[0].etype
        )
    last = world.catalog.resolve(here or "", path[-1])
    attr, direction = last if last else (None, "forward")
    return _Leaf(path, attr, direction == "reverse", test)


def _forms(world: World, query: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for etype, form in query.items():
        if etype != "$$ruleParams":
            yield from _nested_forms(world, etype, form)


def _nested_forms(
    world: World, etype: str, form: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield etype, form.get("$") or {}
    for label, child in form.items():
        resolved = world.catalog.resolve(etype, label) if label != "$" else None
        if resolved is not None:
            attr, direction = resolved
            far = attr.reverse_etype if direction == "forward" else attr.etype
            yield from _nested_forms(world, far or "", child)
