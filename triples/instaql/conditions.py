"""Conditions as SQL: whether a row satisfies one, and which triples make it so.

Every condition is a semi-join, so that rows are never multiplied. The terms of a `Shared` that meet
in a linked entity are joined in one subquery; others stand alone. The witnesses of a condition
are the triples of the same joins for rows that are known to be shown (instaql.md §3.2, row 3).

An index's predicate is repeated literally, or the planner ignores the index
(docs/decisions/0001-physical-design.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
    LinkedElsewhere,
    Missing,
    Present,
    Shared,
    Some,
    Step,
    Term,
)
from triples.instaql.guards import OPEN, Guard, Guards
from triples.instaql.leaf_values import link_value, property_value
from triples.sql.attr_index import in_attr_index
from triples.sql.fragment import Fragment, join, sql

TRUE: Final = sql("true")
_TRIPLE_COLUMNS: Final = ("entity_id", "attr_id", "value", "created_at")

Variable = tuple[str, int]
"""A linked entity: its etype and how many links it is away from the row."""


@dataclass(slots=True)
class _Joins:
    """Triples joined with each other; `roots` are the columns that hold the row's id.

    `guards` stand with the columns whose entities must pass them; `viewed` are the names of those
    that have their etype's already.
    """

    tables: list[str] = field(default_factory=list)
    wheres: list[Fragment] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    entities: dict[Variable, str] = field(default_factory=dict)
    hops: set[tuple[Variable | None, str, str, Variable]] = field(default_factory=set)
    guards: list[tuple[Guard, str]] = field(default_factory=list)
    viewed: set[str] = field(default_factory=set)


class ConditionSql:
    """Writes the conditions of one app's query.

    `numbers` tell aliases apart that may meet in one statement. With `guards` a condition holds
    only through what the viewer may see (transactions-permissions.md §15).
    """

    def __init__(
        self, app_id: str, numbers: count[int] | None = None, guards: Guards = OPEN
    ) -> None:
        self._app_id = app_id
        self._numbers = numbers if numbers is not None else count(1)
        self._guards = guards

    def holds(self, condition: Condition, row: str) -> Fragment:
        """Whether the row whose id is in the column `row` satisfies the condition."""
        match condition:
            case Shared(terms):
                return _all_of([self._joined(group, row) for group in _components(terms)])
            case All(items):
                return _all_of([self.holds(item, row) for item in items])
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
                    joins = self._joins(group)
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
                joins = self._joins(terms)
                if not joins.roots:
                    return None
                root = joins.roots[0]
                wheres = [ids.wrap(f"{root} = any(", ")"), *_same_root(joins.roots, root)]
                return _body(joins, [*wheres, *joins.wheres], (root,))
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
        joins = self._joins((Term((), present),))
        group = _body(joins, [*joins.wheres, *_whole_group(present, joins)], (joins.roots[0],))
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
                joins = self._joins(terms)
                if not joins.roots:
                    return None
                root = joins.roots[0]
                return _body(joins, [*joins.wheres, *_same_root(joins.roots, root)], (root,))
            case _:
                return None

    def _joined(self, terms: tuple[Term, ...], row: str) -> Fragment:
        joins = self._joins(terms)
        if not joins.tables:
            return _all_of([self._own_absence(term.leaf, row) for term in terms])
        wheres = [*_same_root(joins.roots, row), *joins.wheres]
        return _body(joins, wheres, ()).wrap("exists (", ")")

    def _witness(self, joins: _Joins, ids: Fragment, given: tuple[Condition, ...]) -> Fragment:
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
        return _body(joins, wheres, shown, names).wrap(
            "select witness.* from (",
            f") as found, lateral (values {listed}) as witness ({', '.join(_TRIPLE_COLUMNS)})",
        )

    # -- joins -------------------------------------------------------------------------------

    def _joins(self, terms: Iterable[Term]) -> _Joins:
        joins = _Joins()
        for term in terms:
            at: Variable | None = None
            for depth, step in enumerate(term.path, start=1):
                at = self._hop(joins, at, step, (step.target, depth))
            self._add_leaf(joins, term.leaf, at)
        return joins

    def _hop(
        self, joins: _Joins, source: Variable | None, step: Step, target: Variable
    ) -> Variable:
        hop = (source, step.attr.id, step.direction, target)
        if hop in joins.hops:
            return target
        joins.hops.add(hop)
        table = self._table(joins, "link", step.attr)
        near, far = _ends(table, step)
        joins.wheres.append(sql(f"{table}.vae"))
        self._place(joins, source, near)
        self._place(joins, target, far)
        self._guard(joins, step, table, near=source, far=target)
        return target

    def _guard(
        self, joins: _Joins, step: Step, table: str, near: Variable | None, far: Variable | None
    ) -> None:
        """Who holds the triple must be visible, and its value too; a row is visible already."""
        entity = f"{table}.entity_id"
        is_row = step.direction == "forward" and near is None
        holder = near if step.direction == "forward" else far
        name = entity if holder is None else str(holder)
        if not is_row and name not in joins.viewed:
            joins.viewed.add(name)
            if (guard := self._guards.view(step.attr.etype)) is not None:
                joins.guards.append((guard, entity))
        if (guard := self._guards.field(step.attr)) is not None:
            joins.guards.append((guard, entity))

    def _place(self, joins: _Joins, variable: Variable | None, column: str) -> None:
        """The column holds the variable: the first one that does defines it."""
        if variable is None:
            joins.roots.append(column)
        elif variable in joins.entities:
            joins.wheres.append(sql(f"{column} = {joins.entities[variable]}"))
        else:
            joins.entities[variable] = column

    def _add_leaf(self, joins: _Joins, leaf: Leaf, at: Variable | None) -> None:
        match leaf:
            case Missing():
                # The row itself is a member; `_joined` looks at it directly.
                if at is not None:
                    self._add_member(joins, leaf.id_attr, at)
                    joins.wheres.append(self._is_missing(leaf, joins.entities[at]))
                    if (guard := self._absence_guard(leaf)) is not None:
                        joins.guards.append((guard, joins.entities[at]))
            case Present():
                if at is not None:
                    self._add_member(joins, leaf.id_attr, at)
                table = self._table(joins, "leaf", leaf.step.attr)
                self._place(joins, at, _ends(table, leaf.step)[0])
                is_value = "vae" if leaf.step.attr.is_ref else "value <> 'null'"
                joins.wheres.append(sql(f"{table}.{is_value}"))
                self._guard(joins, leaf.step, table, at, None)
            case Linked() | LinkedElsewhere():
                table = self._table(joins, "leaf", leaf.step.attr)
                near, far = _ends(table, leaf.step)
                self._place(joins, at, near)
                joins.wheres += [sql(f"{table}.vae"), link_value(leaf, far)]
                self._guard(joins, leaf.step, table, at, None)
            case _:
                table = self._table(joins, "leaf", leaf.attr)
                self._place(joins, at, f"{table}.entity_id")
                joins.wheres += property_value(leaf, table)
                self._guard(joins, Step(leaf.attr, "forward"), table, at, None)

    def _add_member(self, joins: _Joins, id_attr: Attr, at: Variable) -> None:
        table = self._table(joins, "member", id_attr)
        joins.wheres.append(sql(f"{table}.ea"))
        self._place(joins, at, f"{table}.entity_id")
        self._guard(joins, Step(id_attr, "forward"), table, at, None)

    def _table(self, joins: _Joins, name: str, attr: Attr) -> str:
        alias = f"{name}_{next(self._numbers)}"
        joins.tables.append(f"triples {alias}")
        joins.wheres.append(
            sql(f"{alias}.app_id = %s::uuid and {alias}.attr_id = %s::uuid", self._app_id, attr.id)
        )
        return alias

    def _own_absence(self, leaf: Leaf, row: str) -> Fragment:
        missing = self._is_missing(leaf, row)
        guard = self._absence_guard(leaf)
        return missing if guard is None else missing + guard.passes(row).wrap(" and ", "")

    def _absence_guard(self, leaf: Leaf) -> Guard | None:
        """Whether a value is missing says something of it, so its own rule decides about that."""
        if isinstance(leaf, Missing) and leaf.step.direction == "forward":
            return self._guards.field(leaf.step.attr)
        return None

    def _is_missing(self, leaf: Leaf, entity: str) -> Fragment:
        if not isinstance(leaf, Missing):
            raise TypeError("only an absence stands without a triple")
        attr = leaf.step.attr
        alias = f"none_{next(self._numbers)}"
        near, _ = _ends(alias, leaf.step)
        is_value = "vae" if attr.is_ref else "value <> 'null'"
        return sql(
            f"not exists (select from triples {alias} where {alias}.app_id = %s::uuid"
            f" and {alias}.attr_id = %s::uuid and {near} = {entity} and {alias}.{is_value})",
            self._app_id,
            attr.id,
        )


def certain(fragment: Fragment | None) -> Fragment:
    """What a condition has for one column or array, it has for every other."""
    if fragment is None:
        raise AssertionError("a condition has a form or it has none")
    return fragment


def _body(
    joins: _Joins, wheres: list[Fragment], columns: tuple[str, ...], names: Sequence[str] = ()
) -> Fragment:
    """A select of columns of the joins, under names of their own if `names` has some.

    A guard that can fail is asked behind a fence, once everything else about a row holds.
    """
    shown = [f"{column} as {name}" for column, name in zip(columns, names, strict=False)]
    tables = ", ".join(joins.tables)
    if not any(guard.can_fail for guard, _ in joins.guards):
        passing = [guard.passes(column) for guard, column in joins.guards]
        return sql(f"select {', '.join(shown or columns)} from {tables} where ") + _all_of(
            [*wheres, *passing]
        )
    names = names or [f"c{number}" for number in range(len(columns))]
    shown = [f"{column} as {name}" for column, name in zip(columns, names, strict=True)]
    shown += [f"{column} as g{number}" for number, (_, column) in enumerate(joins.guards)]
    passing = [guard.passes(f"seen.g{number}") for number, (guard, _) in enumerate(joins.guards)]
    fenced = sql(f"select {', '.join(shown)} from {tables} where ") + _all_of(wheres)
    outer = ", ".join(f"seen.{name}" for name in names)
    return fenced.wrap(f"select {outer} from (", " offset 0) as seen where ") + _all_of(passing)


def _whole_group(leaf: Leaf, joins: _Joins) -> list[Fragment]:
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


def _ends(table: str, step: Step) -> tuple[str, str]:
    """The columns of a link triple for the near and the far side of a hop; a property's own."""
    entity, target = f"{table}.entity_id", f"{table}.ref"
    return (entity, target) if step.direction == "forward" else (target, entity)


def _same_root(roots: list[str], row: str) -> list[Fragment]:
    return [sql(f"{root} = {row}") for root in roots if root != row]


def _all_of(predicates: list[Fragment]) -> Fragment:
    return join(" and ", predicates) if predicates else TRUE
