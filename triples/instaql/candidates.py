"""Whom a query could show: the entities about which rules are asked in Python.

Everything the query would find if the rules that Python decides let everybody pass, pages not cut,
with the values that rules see: one statement. A row is (etype's index, entity, values by attr id,
time of creation); index -1 is the asker's own `$users` row, which is there if it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from triples.attrs.catalog import AttrCatalog
from triples.instaql.conditions import ConditionSql
from triples.instaql.forms import Form, Page
from triples.instaql.guards import Guards
from triples.instaql.levels import LevelSql
from triples.sql.fragment import Fragment, join, sql

ASKER: Final = -1
"""In place of an etype's index: the asker's own row."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which etypes' entities are wanted, in the order of their indexes, and which attrs of them."""

    etypes: tuple[str, ...]
    attr_ids: frozenset[str]
    user: Fragment


def candidates(
    catalog: AttrCatalog,
    forms: tuple[Form, ...],
    guards: Guards,
    numbers: count[int],
    wanted: Wanted,
) -> Fragment:
    """The statement; `guards` let pass whom Python has not judged yet."""
    walk = _Walk(catalog, guards, numbers, wanted)
    for form in forms:
        walk.add(_whole(form), None)
    return walk.statement()


def _whole(form: Form) -> Form:
    """The form without its page: which rows a page has depends on the rules."""
    return replace(
        form, page=Page(), wants_page_info=False, children=tuple(map(_whole, form.children))
    )


class _Walk:
    def __init__(
        self, catalog: AttrCatalog, guards: Guards, numbers: count[int], wanted: Wanted
    ) -> None:
        self._catalog = catalog
        self._wanted = wanted
        self._conditions = ConditionSql(catalog.app_id, numbers, guards)
        self._levels = LevelSql(catalog.app_id, self._conditions, guards, with_rows=False)
        self._ctes: list[Fragment] = []
        self._found: list[Fragment] = []
        self._next_number = 0

    def add(self, form: Form, parent: int | None) -> None:
        """Add a level and everything below it."""
        if form.id_attr is None:
            return
        number = self._next_number
        self._next_number += 1
        if parent is None or form.link is None:
            self._ctes += self._levels.top_rows(number, form)
        else:
            self._ctes += self._levels.child_rows(number, parent, form, form.link, sends_link=False)
        if form.etype in self._wanted.etypes:
            index = self._wanted.etypes.index(form.etype)
            self._found.append(sql(f"select %s::int, id from rows_{number}", index))
        if form.condition is not None:
            ids = sql(f"(select ids from ids_{number})::uuid[]")
            for witness in self._conditions.witnesses(form.condition, ids):
                self._found.append(self._holders(witness))
        for child in form.children:
            self.add(child, number)

    def statement(self) -> Fragment:
        """All levels, and the values of whoever is wanted."""
        found = join(" union ", [*self._found, sql("select %s::int, ", ASKER) + self._wanted.user])
        values = sql(
            "select found.etype, found.entity_id, own.entity, own.created_at from found"
            " cross join lateral (select"
            " jsonb_object_agg(triples.attr_id, triples.value) as entity,"
            " min(triples.created_at) filter (where triples.av) as created_at from triples"
            " where triples.app_id = %s::uuid and triples.entity_id = found.entity_id"
            " and triples.ea and triples.attr_id = any(%s::uuid[])) as own"
            " where own.entity is not null",
            self._catalog.app_id,
            sorted(self._wanted.attr_ids),
        )
        whole = found.wrap("found (etype, entity_id) as materialized (", ")")
        return join(",\n", [*self._ctes, whole]).wrap("with ", "\n") + values

    def _holders(self, witness: Fragment) -> Fragment:
        """The entities that hold a condition's triples, if they are of a wanted etype."""
        indexes = [
            (attr.id, index)
            for index, etype in enumerate(self._wanted.etypes)
            for attr in self._catalog.of_etype(etype)
        ]
        of_etype = sql(
            " as held join unnest(%s::uuid[], %s::int[]) as of_etype (attr_id, index)"
            " on of_etype.attr_id = held.attr_id",
            [attr_id for attr_id, _ in indexes],
            [index for _, index in indexes],
        )
        return witness.wrap("select of_etype.index, held.entity_id from (", ")") + of_etype
