"""Conditions as SQL: whether a row satisfies one, and which triples make it so.

Every condition is a semi-join, so that rows are never multiplied. The terms of a `Shared` that meet
in a linked entity are joined in one subquery; others stand alone. The witnesses of a condition
are the triples of the same joins for rows that are known to be shown (instaql.md §3.2, row 3).

An index's predicate is repeated literally, or the planner ignores the index
(docs/decisions/0001-physical-design.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.forms import (
    All,
    Condition,
    Differs,
    IsOneOf,
    Leaf,
    Linked,
    Missing,
    Present,
    Shared,
    Some,
    Term,
)
from triples.instaql.guards import OPEN, Guards
from triples.instaql.joins import Joins, JoinSql, Variable, all_of, body
from triples.sql.attr_index import in_attr_index
from triples.sql.fragment import Fragment, join, sql

_TRIPLE_COLUMNS: Final = ("entity_id", "attr_id", "value", "created_at")


class ConditionSql:
    """Writes the conditions of one app's query.

    `numbers` tell aliases apart that may meet in one statement. With `guards` a condition holds
    only through what the viewer may see (transactions-permissions.md §15).
    """

    def __init__(
        self, app_id: str, numbers: count[int] | None = None, guards: Guards = OPEN
    ) -> None:
        self._guards = guards
        self._writer = JoinSql(app_id, numbers if numbers is not None else count(1), guards)

    def holds(self, condition: Condition, row: str) -> Fragment:
        """Whether the row whose id is in the column `row` satisfies the condition."""
        match condition:
            case Shared(terms):
                return all_of([self._joined(group, row) for group in _components(terms)])
            case All(items):
                return all_of([self.holds(item, row) for item in items])
            case Some(items):
                return self._some(items, row)

    def witnesses(
        self, condition: Condition, ids: Fragment, given: tuple[Condition, ...] = ()
    ) -> Iterator[Fragment]:
        """Selects of the triples that make the condition hold for the rows in the array `ids`.

        `given` are conditions that must hold for a row as well, or its witnesses prove nothing.
        """
        match condition:
            case Shared(terms):
                for group in _components(terms):
                    joins = self._writer.joins(group)
                    if joins.tables:
                        yield self._witness(joins, ids, given)
            case All(items):
                for item in items:
                    yield from self.witnesses(item, ids, given)
            case Some(items):
                for item in items:
                    proves_itself = isinstance(item, Shared) and len(_components(item.terms)) == 1
                    yield from self.witnesses(item, ids, given if proves_itself else (*given, item))

    def among(self, condition: Condition, ids: Fragment) -> Fragment | None:
        """A select of the ids in the array that satisfy the condition, if one look finds them."""
        match condition:
            case Shared(terms) if len(_components(terms)) == 1:
                joins = self._writer.joins(terms)
                if not joins.roots:
                    return None
                root = joins.roots[0]
                wheres = [ids.wrap(f"{root} = any(", ")"), *_same_root(joins.roots, root)]
                return body(joins, [*wheres, *joins.wheres], (root,))
            case Some(items):
                found = [self.among(item, ids) for item in items]
                known = [each for each in found if each is not None]
                return join(" union all ", known) if len(known) == len(found) else None
            case _:
                return None

    def holds_by_groups(self, condition: Condition, row: str) -> Fragment | None:
        """`holds` for whoever passes over all rows anyway; None where it has no such form.

        An attr's triples are read once, all of them, and hashed: `holds` would probe for each row.
        """
        match condition:
            case Shared(terms):
                word, items = " and ", [self._in_group(each, row) for each in _components(terms)]
            case All(parts):
                word, items = " and ", [self.holds_by_groups(each, row) for each in parts]
            case Some(parts):
                word, items = " or ", [self.holds_by_groups(each, row) for each in parts]
        known = [each for each in items if each is not None]
        return join(word, known).wrap("(", ")") if len(known) == len(items) else None

    # -- predicates --------------------------------------------------------------------------

    def _in_group(self, terms: tuple[Term, ...], row: str) -> Fragment | None:
        """Whether the row is in the set of those that satisfy terms of its own."""
        present: Leaf
        match terms:
            case (Term((), Missing(step, id_attr)),) if self._guards.field(step.attr) is None:
                present, answer = Present(step, id_attr), "not true"
            case (Term((), leaf),) if not isinstance(leaf, Missing):
                present, answer = leaf, "true"
            case _:
                return None
        joins = self._writer.joins((Term((), present),))
        group = body(joins, [*joins.wheres, *_whole_group(present, joins)], (joins.roots[0],))
        # As a test of a value, the set is hashed; as a join, it would be walked for every row.
        return group.wrap(f"({row} in (", f")) is {answer}")

    def _some(self, items: tuple[Condition, ...], row: str) -> Fragment:
        if (unequal := self._differs_or_missing(items, row)) is not None:
            return unequal
        sets = [self._as_set(item) for item in items]
        known = [each for each in sets if each is not None]
        if len(known) == len(sets):
            return join(" union all ", known).wrap(f"{row} in (", ")")
        return join(" or ", [self.holds(item, row) for item in items]).wrap("(", ")")

    def _differs_or_missing(self, items: tuple[Condition, ...], row: str) -> Fragment | None:
        """`$not` of a property with one value: there is no triple with that very value."""
        match items:
            case (
                Shared(terms=(Term(path=(), leaf=Differs(attr, constant)),)),
                Shared(terms=(Term(path=(), leaf=Missing(step=step)),)),
            ) if attr == step.attr and attr.cardinality_one and not self._guards.field(attr):
                equal = Shared((Term((), IsOneOf(attr, constant)),))
                return self.holds(equal, row).wrap("not ", "")
            case _:
                return None

    def _as_set(self, item: Condition) -> Fragment | None:
        """A select of all ids that satisfy the item, if one look at the triples finds them."""
        match item:
            case Shared(terms) if len(_components(terms)) == 1:
                joins = self._writer.joins(terms)
                if not joins.roots:
                    return None
                root = joins.roots[0]
                return body(joins, [*joins.wheres, *_same_root(joins.roots, root)], (root,))
            case _:
                return None

    def _joined(self, terms: tuple[Term, ...], row: str) -> Fragment:
        joins = self._writer.joins(terms)
        if not joins.tables:
            return all_of([self._writer.own_absence(term.leaf, row) for term in terms])
        wheres = [*_same_root(joins.roots, row), *joins.wheres]
        return body(joins, wheres, ()).wrap("exists (", ")")

    def _witness(self, joins: Joins, ids: Fragment, given: tuple[Condition, ...]) -> Fragment:
        root = joins.roots[0]
        wheres = [
            ids.wrap(f"{root} = any(", ")"),
            *_same_root(joins.roots[1:], root),
            *joins.wheres,
            *(self.holds(condition, root) for condition in given),
        ]
        aliases = [table.split()[1] for table in joins.tables]
        shown = tuple(f"{alias}.{column}" for alias in aliases for column in _TRIPLE_COLUMNS)
        names = [f"c{number}" for number in range(len(shown))]
        width = len(_TRIPLE_COLUMNS)
        rows = [", ".join(names[at : at + width]) for at in range(0, len(names), width)]
        listed = ", ".join(f"({row})" for row in rows)
        return body(joins, wheres, shown, names).wrap(
            "select witness.* from (",
            f") as found, lateral (values {listed}) as witness ({', '.join(_TRIPLE_COLUMNS)})",
        )


def certain(fragment: Fragment | None) -> Fragment:
    """What a condition has for one column or array, it has for every other."""
    if fragment is None:
        raise AssertionError("a condition has a form or it has none")
    return fragment


def _whole_group(leaf: Leaf, joins: Joins) -> list[Fragment]:
    """What leads the planner to the index of an attr's triples, unless one leads to the value."""
    match leaf:
        case Linked() | IsOneOf(attr=Attr(indexed=True) | Attr(unique=True)):
            return []
        case _:
            return [sql(in_attr_index(joins.roots[0].partition(".")[0]))]


def _components(terms: tuple[Term, ...]) -> list[tuple[Term, ...]]:
    """The terms in groups that have no linked entity in common."""
    groups: list[tuple[set[Variable], list[Term]]] = []
    for term in terms:
        variables = {(step.target, depth) for depth, step in enumerate(term.path, start=1)}
        meeting = [group for group in groups if not group[0].isdisjoint(variables)]
        merged = (variables.union(*(group[0] for group in meeting)), [])  # type: ignore[var-annotated]
        merged[1].extend(each for group in meeting for each in group[1])
        merged[1].append(term)
        groups = [group for group in groups if group not in meeting]
        groups.append(merged)
    return [tuple(group[1]) for group in groups]


def _same_root(roots: list[str], row: str) -> list[Fragment]:
    return [sql(f"{root} = {row}") for root in roots if root != row]
