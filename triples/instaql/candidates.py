"""Whom a query could show: the entities about which rules are asked in Python.

Everything the query would find if the rules that Python decides let everybody pass, pages not cut,
with the values that rules look at: one statement. Its rows are (etype's index, ids, triples): some
of an etype's candidates, with commas between them, and their triples as an answer has them.
Index -1 is the asker's own row of `$users`, which is there if it has triples.
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
from triples.instaql.sent import A_CHUNK, AS_JSON, each_chunk, entity_triples
from triples.sql.fragment import EMPTY, Fragment, join, sql
from triples.sql.numbered import NumberedSql, numbered

ASKER: Final = -1
"""In place of an etype's index: the asker's own row."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The etypes whose entities are wanted, in the order of their indexes, with attrs of each.

    `user` is the asker's id, and `user_attrs` what is wanted of their row; None for nothing.
    """

    attrs_of: dict[str, frozenset[str]]
    user: Fragment | None
    user_attrs: frozenset[str]


def candidates(
    catalog: AttrCatalog,
    forms: tuple[Form, ...],
    guards: Guards,
    numbers: count[int],
    wanted: Wanted,
) -> NumberedSql:
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
        self._found: dict[str, list[Fragment]] = {etype: [] for etype in wanted.attrs_of}
        self._next_number = 0

    def add(self, form: Form, parent: int | None) -> None:
        """Add a level and everything below it."""
        if form.id_attr is None:
            return
        number = self._next_number
        self._next_number += 1
        if parent is None or form.link is None:
            self._ctes += self._levels.top_rows(number, form)
            found = sql(f"select id from rows_{number}")
        else:
            self._ctes += self._levels.child_rows(number, parent, form, form.link, sends_link=False)
            found = sql(f"select distinct id from rows_{number}")
        if form.etype in self._found:
            self._found[form.etype].append(found)
        if form.condition is not None:
            ids = sql(f"(select ids from ids_{number})::uuid[]")
            for at, witness in enumerate(self._conditions.witnesses(form.condition, ids)):
                self._add_holders(witness, f"witness_{number}_{at}")
        for child in form.children:
            self.add(child, number)

    def statement(self) -> NumberedSql:
        """All levels, the ids of whoever is wanted, and their values."""
        selects: list[Fragment] = []
        for index, (etype, attr_ids) in enumerate(self._wanted.attrs_of.items()):
            ids = join(" union ", self._found[etype] or [sql("select null::uuid where false")])
            name = f"wanted_{index}"
            self._ctes.append(
                ids.wrap(f"{name} as materialized (select array(", " order by 1) as ids)")
            )
            selects.append(
                sql(f"select {index}, array_to_string({A_CHUNK}, ','), ")
                + (self._values(sql(A_CHUNK), attr_ids) if attr_ids else sql("null"))
                + each_chunk(f"(select ids from {name})")
            )
        if self._wanted.user is not None:
            user = self._wanted.user
            own = self._values(user.wrap("array[", "]"), self._wanted.user_attrs)
            selects.append(sql(f"select {ASKER}, ") + user + sql("::text, ") + own)
        ctes = join(",\n", self._ctes).wrap("with ", "\n") if self._ctes else EMPTY
        return numbered(ctes + join("\nunion all ", selects))

    def _values(self, ids: Fragment, attr_ids: frozenset[str]) -> Fragment:
        triples = entity_triples(self._catalog.app_id, ids, attr_ids)
        return triples.wrap(f"({AS_JSON}", ") as triple)")

    def _add_holders(self, witness: Fragment, name: str) -> None:
        """The entities that hold a condition's triples, if they are of a wanted etype."""
        self._ctes.append(witness.wrap(f"{name} as materialized (", ")"))
        for etype, found in self._found.items():
            attr_ids = sorted(attr.id for attr in self._catalog.of_etype(etype))
            found.append(
                sql(f"select entity_id from {name} where attr_id = any(%s::uuid[])", attr_ids)
            )
