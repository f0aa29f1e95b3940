"""Which entities satisfy a `where`, found by trying everything (instaql.md §2.2, §2.3).

For each candidate root the conditions are tried one after the other over all triples. Besides
yes or no they say which triples made it so. Plain conditions of one `where` share a linked entity
per (etype, depth); whatever stands inside `and` and `or`, and every term of an expanded `$not` or
`$isNull`, has entities of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import icu

from tests.oracle.world import Triple, World
from triples.attrs.attr import Attr
from triples.values.dates import parse_date
from wire import json

_ALIASES: Final[dict[str, str]] = {"$ne": "$not", "in": "$in"}
_COLLATOR: Final = icu.Collator.createInstance(icu.Locale("en-US"))

Direction: TypeAlias = Literal["forward", "reverse"]
Witnesses: TypeAlias = tuple[Triple, ...]
Bound: TypeAlias = dict[tuple[str, int], str]
Match: TypeAlias = tuple[Bound, Witnesses]


class UnknownNameError(Exception):
    """The query names an attr or a link that does not exist: the whole form is empty."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entity on the way along a path: its etype, how deep it is, and which it is."""

    etype: str
    depth: int
    entity: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A plain condition: links to follow, the last label, and what is asked of it."""

    path: tuple[str, ...]
    test: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Terms of which one (`or`) or all (`and`) must hold, each with linked entities of its own."""

    kind: Literal["or", "and"]
    terms: tuple[Term, ...]


Term: TypeAlias = Condition | Group


def terms_of(where: dict[str, Any]) -> list[Term]:
    """The top-level terms of a `where`; groups of one term are that term."""
    return [_collapsed(term) for key, value in where.items() for term in _terms(key, value)]


def _terms(key: str, value: Any) -> Iterator[Term]:
    if key == "or" and isinstance(value, list):
        yield Group("or", tuple(Group("and", tuple(terms_of(one))) for one in value))
    elif key == "and" and isinstance(value, list):
        yield Group("and", tuple(term for one in value for term in terms_of(one)))
    elif isinstance(value, dict):
        path = tuple(key.split("."))
        for operator, operand in value.items():
            yield _expanded(path, _ALIASES.get(str(operator), str(operator)), operand)
    else:
        yield Condition(tuple(key.split(".")), {"$in": [value]})


def _expanded(path: tuple[str, ...], operator: str, operand: Any) -> Term:
    """`$not` and `$isNull: true` also hold where any step of the path is missing."""
    missing = tuple(Condition(path[: length + 1], {"$isNull": True}) for length in range(len(path)))
    if operator == "$not":
        return Group("or", (Condition(path, {"$not": operand}), *missing))
    if operator == "$isNull" and operand is True:
        return Group("or", missing)
    return Condition(path, {operator: operand})


def _collapsed(term: Term) -> Term:
    if isinstance(term, Condition):
        return term
    inner: list[Term] = []
    for each in map(_collapsed, term.terms):
        if isinstance(each, Group) and each.kind == term.kind:
            inner.extend(each.terms)
        else:
            inner.append(each)
    return inner[0] if len(inner) == 1 else Group(term.kind, tuple(inner))


def names_exist(world: World, etype: str, term: Term) -> None:
    """Raise `UnknownNameError` where a term speaks of something that the schema does not have."""
    if isinstance(term, Group):
        for each in term.terms:
            names_exist(world, etype, each)
        return
    here = etype
    for label in term.path[:-1]:
        attr, direction = _resolve(world, here, label)
        here = _far_etype(attr, direction)
    _resolve(world, here, term.path[-1])


def holds(world: World, etype: str, entity: str, terms: list[Term]) -> dict[bytes, Triple] | None:
    """The triples of every way in which the entity satisfies the terms; None where it does not."""
    matches: list[Match] = [({(etype, 0): entity}, ())]
    for term in terms:
        if isinstance(term, Condition):
            matches = [
                (bound, (*seen, *more))
                for known, seen in matches
                for bound, more in _walk(world, Place(etype, 0, entity), term, known)
            ]
    if not matches:
        return None
    witnesses = {triple.key: triple for _, seen in matches for triple in seen}
    for term in terms:
        if isinstance(term, Group):
            found = _group_holds(world, etype, entity, term)
            if found is None:
                return None
            witnesses.update(found)
    return witnesses


def _group_holds(world: World, etype: str, entity: str, group: Group) -> dict[bytes, Triple] | None:
    found = [holds(world, etype, entity, [term]) for term in group.terms]
    true = [each for each in found if each is not None]
    if len(true) < (len(found) if group.kind == "and" else 1):
        return None
    return {key: triple for each in true for key, triple in each.items()}


def _walk(world: World, place: Place, condition: Condition, bound: Bound) -> Iterator[Match]:
    label, *rest = condition.path
    if not rest:
        for witnesses in _leaf(world, place, label, condition.test):
            yield bound, witnesses
        return
    attr, direction = _resolve(world, place.etype, label)
    far = (_far_etype(attr, direction), place.depth + 1)
    for entity, triple in world.linked(place.entity, attr, direction):
        if bound.get(far, entity) != entity:
            continue
        step = Place(far[0], far[1], entity)
        deeper = Condition(tuple(rest), condition.test)
        for known, more in _walk(world, step, deeper, {**bound, far: entity}):
            yield known, (triple, *more)


def _leaf(world: World, place: Place, label: str, test: dict[str, Any]) -> Iterator[Witnesses]:
    """Each way in which the last label satisfies the test."""
    attr, direction = _resolve(world, place.etype, label)
    links = (
        world.linked(place.entity, attr, direction)
        if attr.is_ref
        else [(triple.value, triple) for triple in world.values_of(place.entity, attr)]
    )
    ((operator, operand),) = test.items()
    if operator == "$isNull":
        member = world.id_triple(place.entity, place.etype)
        present = [triple for value, triple in links if value is not None]
        if member is not None and bool(present) is not operand:
            yield (member, *present)
        return
    matches = _matcher(attr, operator, operand)
    for value, triple in links:
        if matches(value):
            yield (triple,)


def _matcher(attr: Attr, operator: str, operand: Any) -> Callable[[Any], bool]:
    same = _equality(attr)
    match operator:
        case "$in":
            return lambda value: any(same(value, one) for one in operand)
        case "$not":
            return lambda value: not same(value, operand)
        case "$gt":
            return lambda value: value is not None and compare(attr, value, operand) > 0
        case "$gte":
            return lambda value: value is not None and compare(attr, value, operand) >= 0
        case "$lt":
            return lambda value: value is not None and compare(attr, value, operand) < 0
        case "$lte":
            return lambda value: value is not None and compare(attr, value, operand) <= 0
        case "$like" | "$ilike":
            pattern = _like(operand, ignore_case=operator == "$ilike")
            return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))
        case _:
            raise AssertionError(f"no such operator: {operator}")


def _equality(attr: Attr) -> Callable[[Any, Any], bool]:
    """Dates of indexed attrs are equal as instants, everything else as JSON."""
    if attr.indexed and attr.typed and attr.checked_data_type == "date":

        def same_instant(value: Any, operand: Any) -> bool:
            if value is None or operand is None:
                return value is operand
            return parse_date(value) == parse_date(operand)

        return same_instant
    return lambda value, operand: json.canonical(value) == json.canonical(operand)


def _like(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    text = "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))


def compare(attr: Attr | None, left: Any, right: Any) -> int:
    """-1, 0 or 1: the order of two values of an attr, null first (§2.4); no attr: numbers."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    kind = attr.checked_data_type if attr else "number"
    if kind == "string":
        return int(_COLLATOR.compare(left, right))
    if kind == "date":
        left, right = parse_date(left), parse_date(right)
    return int(left > right) - int(left < right)


def _resolve(world: World, etype: str, label: str) -> tuple[Attr, Direction]:
    found = world.catalog.resolve(etype, label)
    if found is None or world.catalog.id_attr(etype) is None:
        raise UnknownNameError(f"{etype}.{label}")
    return found


def _far_etype(attr: Attr, direction: Direction) -> str:
    far = attr.reverse_etype if direction == "forward" else attr.etype
    assert far is not None, f"{attr.etype}.{attr.label} is no link"
    return far
