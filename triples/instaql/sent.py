"""The triples that an answer holds, as selects of JSON text: none twice, and big answers in chunks.

Entity triples of all levels are fetched by attr, so that levels of one etype never bring the same
triple twice. Selects that may overlap become one `union`; all others stand alone. One text of all
triples would be copied again and again while it grows, so entities are fetched `CHUNK` at a time,
and each chunk is a row of its own (docs/decisions/0010-instaql.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.forms import (
    All,
    Condition,
    Leaf,
    Linked,
    LinkedElsewhere,
    Missing,
    Present,
    Shared,
    Some,
    Term,
)
from triples.instaql.guards import Guards
from triples.sql.fragment import EMPTY, Fragment, join, sql

CHUNK: Final = 64  # entities; some 40 kB of JSON, which stays in the processor's cache

A_CHUNK: Final = f"entities.ids[chunk * {CHUNK} + 1 : chunk * {CHUNK} + {CHUNK}]"
AS_JSON: Final = (
    "select string_agg('[\"' || entity_id || '\",\"' || attr_id || '\",' || value::text || ','"
    " || created_at || ']', ',') as triples from ("
)


@dataclass(slots=True)
class _Piece:
    """A select of triples, and all attrs that it can bring; `distinct`: none of them twice."""

    select: Fragment
    attr_ids: frozenset[str]
    distinct: bool


@dataclass(slots=True)
class SentTriples:
    """Gathers what is to be sent; `guards` leave out the values that the viewer may not see."""

    app_id: str
    guards: Guards
    _attrs: dict[str, Attr] = field(default_factory=dict)
    _levels_of: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _pieces: list[_Piece] = field(default_factory=list)

    def add_entities(self, level: int, attrs: Iterable[Attr]) -> None:
        """These attrs of the level's rows; each has one value an entity."""
        for attr in attrs:
            self._attrs[attr.id] = attr
            self._levels_of[attr.id].append(level)

    def add(self, select: Fragment, attr_ids: frozenset[str], *, distinct: bool) -> None:
        """Triples of these attrs, in columns named as in the table; the viewer may see them."""
        self._pieces.append(_Piece(select, attr_ids, distinct))

    def selects(self) -> list[Fragment]:
        """Selects of one column, JSON lists without their brackets; null stands for no triples."""
        fetches: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
        for attr_id, numbers in self._levels_of.items():
            fetches[tuple(numbers)].append(attr_id)
        overlapping = frozenset[str]().union(*(piece.attr_ids for piece in self._pieces))
        alone, pieces = [], list(self._pieces)
        for levels, attr_ids in fetches.items():
            if overlapping.isdisjoint(attr_ids):
                alone.append(self._in_chunks(levels, attr_ids))
            else:
                select = self._fetch(sql(_ids_of(levels)), attr_ids)
                pieces.append(_Piece(select, frozenset(attr_ids), distinct=True))
        groups = [_without_repeats(group) for group in _overlapping(pieces)]
        return alone + [group.wrap(AS_JSON, ") as triple") for group in groups]

    def _in_chunks(self, levels: tuple[int, ...], attr_ids: list[str]) -> Fragment:
        triples = self._fetch(sql(A_CHUNK), attr_ids).wrap(AS_JSON, ") as triple")
        return triples.wrap("select (", ") as triples") + each_chunk(_ids_of(levels))

    def _fetch(self, ids: Fragment, attr_ids: list[str]) -> Fragment:
        return entity_triples(self.app_id, ids, attr_ids) + self._visible(attr_ids)

    def _visible(self, attr_ids: list[str]) -> Fragment:
        """Values of attrs with a rule are left out where the rule hides them."""
        cases = [
            sql(" when %s::uuid then ", attr_id) + guard.passes("fetched.entity_id")
            for attr_id in sorted(attr_ids)
            if (guard := self.guards.field(self._attrs[attr_id])) is not None
        ]
        if not cases:
            return EMPTY
        return join("", cases).wrap(" and case fetched.attr_id", " else true end")


def entity_triples(app_id: str, ids: Fragment, attr_ids: Iterable[str]) -> Fragment:
    """A select of what the entities in an array hold of these attrs, each with one value."""
    return (
        sql(
            "select fetched.entity_id, fetched.attr_id, fetched.value, fetched.created_at"
            " from triples fetched where fetched.app_id = %s::uuid",
            app_id,
        )
        + ids.wrap(" and fetched.entity_id = any(", ")")
        + sql(" and fetched.attr_id = any(%s::uuid[]) and fetched.ea", sorted(attr_ids))
    )


def each_chunk(ids: str) -> Fragment:
    """A `from` with a row for each chunk of an array of ids; `A_CHUNK` is an array of them."""
    last = f"(cardinality(entities.ids) - 1) / {CHUNK}"
    return sql(
        f" from (select {ids} as ids offset 0) as entities, generate_series(0, {last}) as chunk"
    )


def unshown(condition: Condition, shown: frozenset[str]) -> Condition | None:
    """The part of a condition whose triples are not among the rows' own attrs in `shown`."""
    match condition:
        case Shared(terms):
            left = tuple(term for term in terms if not _is_shown(term, shown))
            return Shared(left) if left else None
        case All(items):
            rest = tuple(each for item in items if (each := unshown(item, shown)) is not None)
            return All(rest) if rest else None
        case Some(items):
            # An alternative proves something only as a whole.
            whole = tuple(item for item in items if unshown(item, shown) is not None)
            return Some(whole) if whole else None


def attrs_of(condition: Condition) -> frozenset[str]:
    """Every attr whose triples may be the condition's witnesses."""
    match condition:
        case Shared(terms):
            return frozenset(attr.id for term in terms for attr in _attrs_of_term(term))
        case All(items) | Some(items):
            return frozenset[str]().union(*map(attrs_of, items))


def _is_shown(term: Term, shown: frozenset[str]) -> bool:
    if term.path:
        return False
    match term.leaf:
        case Missing():
            return True  # its witness is the row's id triple
        case Linked(step) | Present(step) if step.direction == "reverse":
            return False
        case leaf:
            return _attr_of(leaf).id in shown


def _attrs_of_term(term: Term) -> list[Attr]:
    attrs = [step.attr for step in term.path]
    if isinstance(term.leaf, Missing | Present):
        attrs.append(term.leaf.id_attr)
    return [*attrs, _attr_of(term.leaf)]


def _attr_of(leaf: Leaf) -> Attr:
    match leaf:
        case Missing(step) | Present(step) | Linked(step) | LinkedElsewhere(step):
            return step.attr
        case _:
            return leaf.attr


def _ids_of(levels: tuple[int, ...]) -> str:
    """An array of the levels' entities, none twice."""
    if len(levels) == 1:
        return f"(select ids from ids_{levels[0]})::uuid[]"
    each = " union ".join(f"select unnest(ids) from ids_{level}" for level in levels)
    return f"array({each})"


def _without_repeats(group: list[_Piece]) -> Fragment:
    """One select of the triples of pieces that may overlap."""
    if len(group) == 1 and not group[0].distinct:
        return group[0].select.wrap("select distinct * from (", ") as piece")
    return join(" union ", [piece.select for piece in group])


def _overlapping(pieces: list[_Piece]) -> list[list[_Piece]]:
    """The pieces in groups that have no attr in common."""
    groups: list[list[_Piece]] = []
    for piece in pieces:
        meeting = [
            group
            for group in groups
            if any(not piece.attr_ids.isdisjoint(other.attr_ids) for other in group)
        ]
        merged = [other for group in meeting for other in group] + [piece]
        groups = [group for group in groups if group not in meeting] + [merged]
    return groups
