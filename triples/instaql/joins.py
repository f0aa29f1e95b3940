"""The triples behind the terms of a condition, joined where terms meet in a linked entity.

Which of them are columns of the row, which must be equal, and whose guards they must pass is noted
in `Joins`; `conditions` makes predicates and witnesses of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.forms import (
    IsOneOf,
    Leaf,
    Linked,
    LinkedElsewhere,
    Missing,
    Present,
    Step,
    Term,
)
from triples.instaql.guards import Guard, Guards
from triples.instaql.leaf_values import is_entity, link_value, property_value
from triples.sql.fragment import Fragment, join, sql

TRUE: Final = sql("true")

Variable = tuple[str, int]
"""A linked entity: its etype and how many links it is away from the row."""


@dataclass(slots=True)
class Joins:
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


class JoinSql:
    """Joins the triples of one app's terms; `numbers` and `guards` are those of the conditions."""

    def __init__(self, app_id: str, numbers: count[int], guards: Guards) -> None:
        self._app_id = app_id
        self._numbers = numbers
        self._guards = guards

    def joins(self, terms: Iterable[Term]) -> Joins:
        """The triples that make the terms hold for one row together."""
        joins = Joins()
        for term in terms:
            at: Variable | None = None
            for depth, step in enumerate(term.path, start=1):
                at = self._hop(joins, at, step, (step.target, depth))
            self._add_leaf(joins, term.leaf, at)
        return joins

    def _hop(self, joins: Joins, source: Variable | None, step: Step, target: Variable) -> Variable:
        hop = (source, step.attr.id, step.direction, target)
        if hop in joins.hops:
            return target
        joins.hops.add(hop)
        table = self._table(joins, "link", step.attr)
        near, far = ends(table, step)
        joins.wheres.append(sql(f"{table}.vae"))
        self._place(joins, source, near)
        self._place(joins, target, far)
        self._guard(joins, step, table, near=source, far=target)
        return target

    def _guard(
        self, joins: Joins, step: Step, table: str, near: Variable | None, far: Variable | None
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

    def _place(self, joins: Joins, variable: Variable | None, column: str) -> None:
        """The column holds the variable: the first one that does defines it."""
        if variable is None:
            joins.roots.append(column)
        elif variable in joins.entities:
            joins.wheres.append(sql(f"{column} = {joins.entities[variable]}"))
        else:
            joins.entities[variable] = column

    def _add_leaf(self, joins: Joins, leaf: Leaf, at: Variable | None) -> None:
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
                self._place(joins, at, ends(table, leaf.step)[0])
                is_value = "vae" if leaf.step.attr.is_ref else "value <> 'null'"
                joins.wheres.append(sql(f"{table}.{is_value}"))
                self._guard(joins, leaf.step, table, at, None)
            case Linked() | LinkedElsewhere():
                table = self._table(joins, "leaf", leaf.step.attr)
                near, far = ends(table, leaf.step)
                self._place(joins, at, near)
                joins.wheres += [sql(f"{table}.vae"), link_value(leaf, far)]
                self._guard(joins, leaf.step, table, at, None)
            case _:
                table = self._table(joins, "leaf", leaf.attr)
                self._place(joins, at, f"{table}.entity_id")
                joins.wheres += property_value(leaf, table)
                if at is not None and isinstance(leaf, IsOneOf) and leaf.attr.label == "id":
                    # Said of the link as well, it is found by its target.
                    joins.wheres.append(is_entity(leaf, joins.entities[at]))
                self._guard(joins, Step(leaf.attr, "forward"), table, at, None)

    def _add_member(self, joins: Joins, id_attr: Attr, at: Variable) -> None:
        table = self._table(joins, "member", id_attr)
        joins.wheres.append(sql(f"{table}.ea"))
        self._place(joins, at, f"{table}.entity_id")
        self._guard(joins, Step(id_attr, "forward"), table, at, None)

    def _table(self, joins: Joins, name: str, attr: Attr) -> str:
        alias = f"{name}_{next(self._numbers)}"
        joins.tables.append(f"triples {alias}")
        joins.wheres.append(
            sql(f"{alias}.app_id = %s::uuid and {alias}.attr_id = %s::uuid", self._app_id, attr.id)
        )
        return alias

    def own_absence(self, leaf: Leaf, row: str) -> Fragment:
        """Whether the row itself has no value there."""
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
        near, _ = ends(alias, leaf.step)
        is_value = "vae" if attr.is_ref else "value <> 'null'"
        return sql(
            f"not exists (select from triples {alias} where {alias}.app_id = %s::uuid"
            f" and {alias}.attr_id = %s::uuid and {near} = {entity} and {alias}.{is_value})",
            self._app_id,
            attr.id,
        )


def body(
    joins: Joins, wheres: list[Fragment], columns: tuple[str, ...], names: Sequence[str] = ()
) -> Fragment:
    """A select of columns of the joins, under names of their own if `names` has some.

    A guard that can fail is asked behind a fence, once everything else about a row holds.
    """
    shown = [f"{column} as {name}" for column, name in zip(columns, names, strict=False)]
    tables = ", ".join(joins.tables)
    if not any(guard.can_fail for guard, _ in joins.guards):
        passing = [guard.passes(column) for guard, column in joins.guards]
        return sql(f"select {', '.join(shown or columns)} from {tables} where ") + all_of(
            [*wheres, *passing]
        )
    names = names or [f"c{number}" for number in range(len(columns))]
    shown = [f"{column} as {name}" for column, name in zip(columns, names, strict=True)]
    shown += [f"{column} as g{number}" for number, (_, column) in enumerate(joins.guards)]
    passing = [guard.passes(f"seen.g{number}") for number, (guard, _) in enumerate(joins.guards)]
    fenced = sql(f"select {', '.join(shown)} from {tables} where ") + all_of(wheres)
    outer = ", ".join(f"seen.{name}" for name in names)
    return fenced.wrap(f"select {outer} from (", " offset 0) as seen where ") + all_of(passing)


def ends(table: str, step: Step) -> tuple[str, str]:
    """The columns of a link triple for the near and the far side of a hop; a property's own."""
    entity, target = f"{table}.entity_id", f"{table}.ref"
    return (entity, target) if step.direction == "forward" else (target, entity)


def all_of(predicates: list[Fragment]) -> Fragment:
    """All of them; true without any."""
    return join(" and ", predicates) if predicates else TRUE
