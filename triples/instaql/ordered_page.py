"""A page by a typed attr, read from one end of the attr's index instead of sorting every row.

Rows that have no triple of the attr, or none with a sort key yet, are ordered as null and stand in
no index. They are looked for only where they can belong to the page: never when a condition on
the attr itself keeps null out, in descending scans only when the others do not fill the page, in
ascending ones only when no cursor lies beyond null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.conditions import ConditionSql
from triples.instaql.constants import cursor_id, cursor_place
from triples.instaql.forms import (
    All,
    Compares,
    Condition,
    Cursor,
    Form,
    IsOneOf,
    Linked,
    Page,
    Shared,
    Term,
)
from triples.instaql.guards import Guard, asked_until_enough
from triples.instaql.leaf_values import compared_keys
from triples.sql.fragment import EMPTY, Fragment, join, sql

_NULL: Final = "''::bytea"


MOST_ROWS: Final = 2**63 - 1  # what PostgreSQL's `limit` takes


def suits(form: Form) -> bool:
    """Whether the order's index is the way in: part of it, and no condition that finds few rows."""
    page = form.page
    is_part = page.limit is not None or (page.after is not None and page.before is not None)
    return is_part and leads(form)


def leads(form: Form) -> bool:
    """Whether a row's neighbours in the order are best looked for in the order's index."""
    order = form.order
    return order.attr is not None and order.is_usable and not any(_finds_few(form.condition))


def rows_to_find(page: Page) -> int | None:
    """The rows of a page, those it skips, and the one after it, which says that there is more."""
    if page.limit is None:
        return None
    return min(page.limit + page.offset + 1, MOST_ROWS)


class OrderedPage:
    """Writes the candidates of one form's page; `form` must suit."""

    def __init__(
        self, form: Form, app_id: str, conditions: ConditionSql, guards: tuple[Guard, ...] = ()
    ) -> None:
        if form.id_attr is None or form.order.attr is None:
            raise ValueError("a page by a typed attr has one")
        self._form = form
        self._member: Attr = form.id_attr
        self._attr: Attr = form.order.attr
        self._app_id = app_id
        self._conditions = conditions
        self._guards = guards
        self._compared, self._rest = _split(form.condition, self._attr)
        self._cursors = tuple(
            (cursor, self._operator(cursor, is_after=is_after))
            for cursor, is_after in ((form.page.after, True), (form.page.before, False))
            if cursor is not None
        )
        self._scan = "desc" if form.order.descending is not form.page.from_end else "asc"

    def present(self, number: int) -> Fragment:
        """The CTE `present_n`: as many rows with a sort key as the page can need."""
        select = self._rows_with_key() + self._beyond_cursors(
            "ordered.sort_key", "ordered.entity_id"
        )
        wanted = rows_to_find(self._form.page)
        if wanted is not None:
            cut = f" order by place {self._scan}, id {self._scan} limit %s::bigint"
            select = select + sql(cut, wanted)
        return select.wrap(f"present_{number} as materialized (", ")")

    def exists_beyond(self, edge: str, operator: str) -> Fragment:
        """Whether a matching row stands beyond the one row of the CTE `edge`, cursors aside."""
        beyond = f" {operator} ((select place from {edge}), (select id from {edge}))"
        place = f" and (ordered.sort_key, ordered.entity_id){beyond}"
        found = (self._rows_with_key() + sql(place)).wrap("exists (", ")")
        if self._compared:
            return found
        absent = self._members_without_key() + sql(f" and ({_NULL}, member.entity_id){beyond}")
        if operator == ">":
            absent = absent + sql(f" and (select place from {edge}) = {_NULL}")
        return found.wrap("(", " or ") + self._seen(absent).wrap("exists (", "))")

    def candidates(self, number: int) -> Fragment:
        """A select of (id, place) that holds the page, in no order."""
        found = sql(f"select id, place from present_{number}")
        if self._compared:
            return found
        return found + sql(" union all ") + self._absent(number)

    def _rows_with_key(self) -> Fragment:
        """Members in the index `triples_sort`."""
        select = sql(
            "select ordered.entity_id as id, ordered.sort_key as place from triples ordered"
            " join triples member on member.app_id = %s::uuid"
            " and member.entity_id = ordered.entity_id and member.attr_id = %s::uuid and member.ea"
            " where ordered.app_id = %s::uuid and ordered.attr_id = %s::uuid"
            " and ordered.sort_key is not null",
            self._app_id,
            self._member.id,
            self._app_id,
            self._attr.id,
        )
        for leaf in self._compared:
            select = select + compared_keys(leaf, "ordered").wrap(" and ", "")
        return select + self._rest_holds("ordered.entity_id") + self._passing("ordered.entity_id")

    def _members_without_key(self) -> Fragment:
        return sql(
            f"select member.entity_id as id, {_NULL} as place from triples member"
            " where member.app_id = %s::uuid and member.attr_id = %s::uuid and member.ea"
            " and member.av and not exists (select from triples ordered"
            " where ordered.app_id = %s::uuid and ordered.attr_id = %s::uuid"
            " and ordered.sort_key is not null and ordered.entity_id = member.entity_id)",
            self._app_id,
            self._member.id,
            self._app_id,
            self._attr.id,
        )

    def _absent(self, number: int) -> Fragment:
        """Members without a sort key; PostgreSQL decides from constants whether to look."""
        select = self._members_without_key()
        wanted = rows_to_find(self._form.page)
        if self._scan == "desc" and wanted is not None:
            gate = f" and (select count(*) from present_{number}) < %s::bigint"
            select = select + sql(gate, wanted)
        for cursor, operator in self._cursors:
            gate = f" and {_NULL} {operator[0]}= %s::bytea"
            select = select + sql(gate, cursor_place(cursor.constant, self._attr.checked_data_type))
        return self._seen(select + self._beyond_cursors(_NULL, "member.entity_id"))

    def _beyond_cursors(self, place: str, row: str) -> Fragment:
        return join(
            "",
            [
                sql(
                    f" and ({place}, {row}) {operator} (%s::bytea, %s::uuid)",
                    cursor_place(cursor.constant, self._attr.checked_data_type),
                    cursor_id(cursor.constant),
                )
                for cursor, operator in self._cursors
            ],
        )

    def _operator(self, cursor: Cursor, *, is_after: bool) -> str:
        forwards = is_after is not self._form.order.descending
        return (">" if forwards else "<") + ("=" if cursor.inclusive else "")

    def _seen(self, members: Fragment) -> Fragment:
        """Those of the members who may be seen; guards are asked about few, if about any."""
        found = members + self._rest_holds("member.entity_id")
        if not self._guards:
            return found
        fenced = found.wrap("select absent.* from (", " offset 0) as absent where true")
        return fenced + self._passing("absent.id")

    def _rest_holds(self, row: str) -> Fragment:
        if self._rest is None:
            return EMPTY
        return self._conditions.holds(self._rest, row).wrap(" and ", "")

    def _passing(self, row: str) -> Fragment:
        return join("", [asked_until_enough(each.passes(row)) for each in self._guards])


def _split(
    condition: Condition | None, attr: Attr
) -> tuple[tuple[Compares, ...], Condition | None]:
    """Comparisons of the order's own attr, and the rest of the condition."""
    match condition:
        case Shared(terms):
            compared = tuple(
                term.leaf
                for term in terms
                if not term.path and isinstance(term.leaf, Compares) and term.leaf.attr == attr
            )
            rest: tuple[Term, ...] = tuple(term for term in terms if term.leaf not in compared)
            return compared, Shared(rest) if rest else None
        case _:
            return (), condition


def _finds_few(condition: Condition | None) -> Iterator[bool]:
    match condition:
        case Shared(terms):
            for term in terms:
                match term.leaf:
                    case Linked():
                        yield True
                    case IsOneOf(attr):
                        yield attr.unique
        case All(items):
            for item in items:
                yield from _finds_few(item)
