"""The rows of each level as SQL: filtered, ordered and cut before anything else is fetched.

Names of a level's CTEs, with its number n: `rows_n` (parent, id, place, and the link triple that
led there), `ids_n` (one array of the ids), and for children `linked_n`, every entity that the link
leads to, whether it is shown or not. Order is by (place, id): a place is a time of creation or a
sort key. Spec: instaql.md §2.4, §2.5, §2.8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql import ordered_page
from triples.instaql.conditions import ConditionSql
from triples.instaql.constants import cursor_id, cursor_place
from triples.instaql.forms import (
    All,
    Condition,
    Cursor,
    Form,
    IsOneOf,
    Linked,
    Order,
    Shared,
    Some,
    Step,
    Term,
)
from triples.instaql.guards import OPEN, Guard, Guards, asked_of_each, asked_until_enough
from triples.instaql.ordered_page import MOST_ROWS, OrderedPage
from triples.sql.fragment import EMPTY, Fragment, join, sql

_NO_LINK: Final = (
    "null::uuid as link_entity, null::uuid as link_attr, null::jsonb as link_value,"
    " null::bigint as link_time"
)
_LINK: Final = "link.attr_id as link_attr, link.value as link_value, link.created_at as link_time"
_UNSENT_LINK: Final = (
    "null::uuid as link_attr, null::jsonb as link_value, null::bigint as link_time"
)


class LevelSql:
    """Writes the CTEs that find rows; `with_rows`: all of them know their place."""

    def __init__(
        self,
        app_id: str,
        conditions: ConditionSql,
        guards: Guards = OPEN,
        *,
        with_rows: bool,
    ) -> None:
        self._app_id = app_id
        self._conditions = conditions
        self._guards = guards
        self._with_rows = with_rows

    def top_rows(self, number: int, form: Form) -> list[Fragment]:
        """The CTEs of a top-level form's page."""
        guards = self._row_guards(form)
        if ordered_page.suits(form) and _follow_an_order(guards):
            return self._ordered_rows(number, form, guards)
        is_whole = form.page.limit is None and not form.page.offset
        if is_whole and not _leads_to_few(guards):
            match guards, form.condition:
                case (Guard(by_groups=passes),), None if passes is not None:
                    rows = self._top_select(form, ()) + passes("member.entity_id").wrap(" and ", "")
                    return [*_page_of(number, form, rows), _ids(number)]
                case (Guard(among=among),), _ if among is not None:
                    return self._sifted_rows(number, form, among)
        return [*_page_of(number, form, self._top_select(form, guards)), _ids(number)]

    def _sifted_rows(
        self, number: int, form: Form, among: Callable[[Fragment], Fragment]
    ) -> list[Fragment]:
        """All rows are found first, and then those that may be seen, in one look at the triples."""
        ids = sql(f"(select array_agg(id) from found_{number})::uuid[]")
        # As a test of a value, the set is hashed; as a join, it would be walked for every row.
        kept = among(ids).wrap(
            f"rows_{number} as materialized (select found.* from found_{number} as found"
            " where (found.id in (",
            ")) is true)",
        )
        found = self._top_select(form, ())
        return [found.wrap(f"found_{number} as materialized (", ")"), kept, _ids(number)]

    def _top_select(self, form: Form, guards: tuple[Guard, ...]) -> Fragment:
        page, order = form.page, form.order
        cursors = [
            self._beyond(cursor, is_after, order)
            for cursor, is_after in ((page.after, True), (page.before, False))
            if cursor is not None
        ]
        beyond = join("", [cursor.wrap(" and ", "") for cursor in cursors])
        columns = f"select null::uuid as parent, member.entity_id as id, {place_of(order)} as place"
        return sql(f"{columns}, {_NO_LINK}") + self._matching(form, guards, beyond)

    def _ordered_rows(self, number: int, form: Form, guards: tuple[Guard, ...]) -> list[Fragment]:
        page = OrderedPage(form, self._app_id, self._conditions, guards)
        select = (
            sql(f"select null::uuid as parent, id, place, {_NO_LINK} from (")
            + page.candidates(number)
            + sql(") as candidates")
        )
        return [page.present(number), *_page_of(number, form, select), _ids(number)]

    def exists_beyond(self, edge: str, operator: str, form: Form) -> Fragment:
        """Whether a matching row stands beyond the CTE `edge`, cursors aside; false without one."""
        guards = self._row_guards(form)
        if ordered_page.leads(form) and _follow_an_order(guards):
            page = OrderedPage(form, self._app_id, self._conditions, guards)
            return page.exists_beyond(edge, operator)
        beyond = sql(
            f" and ({place_of(form.order)}, member.entity_id) {operator}"
            f" ((select place from {edge}), (select id from {edge}))"
        )
        return self._matching(form, guards, beyond).wrap("exists (select", ")")

    def _matching(self, form: Form, guards: tuple[Guard, ...], beyond: Fragment) -> Fragment:
        """`from … where …`: every member of the etype that satisfies condition and guards.

        `beyond` is another condition, which begins with `and`.
        """
        if form.id_attr is None:
            raise ValueError("a form that matches nothing has no rows")
        where = sql(
            " where member.app_id = %s::uuid and member.attr_id = %s::uuid and member.ea",
            self._app_id,
            form.id_attr.id,
        )
        if form.condition is None:
            # The index of an etype's members, unless another one finds the few that may be seen.
            if not _leads_to_few(guards):
                where = where + sql(" and member.av")
        else:
            where = where + self._conditions.holds(form.condition, "member.entity_id").wrap(
                " and ", ""
            )
        found = sql(" from triples member") + self._order_join(form.order) + where + beyond
        passing = [each.passes("member.entity_id") for each in guards]
        is_cut = form.page.limit is not None and not _leads_to_few(guards)
        if guards and (any(guard.can_fail for guard in guards) or (is_cut and form.condition)):
            found = self._fenced(form, found) + sql(" where true")
        if is_cut:
            return found + join("", [asked_until_enough(each) for each in passing])
        if form.condition is not None and _names_rows(form.condition):
            return found + join("", [asked_of_each(each) for each in passing])
        return found + join("", [each.wrap(" and ", "") for each in passing])

    def _row_guards(self, form: Form) -> tuple[Guard, ...]:
        """What a top-level row must pass; its place in the order gives away the value there."""
        guards = [self._guards.view(form.etype)]
        if (attr := order_attr(form)) is not None:
            guards.append(self._guards.field(attr))
        return tuple(guard for guard in guards if guard is not None)

    def _fenced(self, form: Form, found: Fragment) -> Fragment:
        """The rows found, in order where only some are wanted, before any guard sees them."""
        order = form.order
        is_typed = order_attr(form) is not None
        columns = "member.entity_id, member.created_at" + (", ordered.sort_key" if is_typed else "")
        scan = direction(order, reverse=form.page.from_end)
        sorting = f" order by {place_of(order)} {scan}, member.entity_id {scan}"
        fence = (sorting if form.page.limit is not None else "") + " offset 0) as member"
        if is_typed:
            fence += " cross join lateral (select member.sort_key) as ordered (sort_key)"
        return found.wrap(f" from (select {columns}", fence)

    def child_rows(
        self, number: int, parent: int, form: Form, link: Step, *, sends_link: bool
    ) -> list[Fragment]:
        """The CTEs of a nested form: what its link leads to from the parent's rows.

        What nobody asks for is null: it would be read from the table and stored for nothing.
        """
        return [
            self._linked(number, parent, form, link, sends_link=sends_link),
            self._kept(number, form),
            _ids(number),
        ]

    def _linked(
        self, number: int, parent: int, form: Form, link: Step, *, sends_link: bool
    ) -> Fragment:
        if form.id_attr is None:
            raise ValueError("a form that matches nothing has no rows")
        near, far = ("entity_id", "ref") if link.direction == "forward" else ("ref", "entity_id")
        has_place = self._with_rows or form.page.limit is not None
        no_place = "null::bigint" if order_attr(form) is None else "null::bytea"
        place = place_of(form.order) if has_place else no_place
        columns = _LINK if sends_link else _UNSENT_LINK
        select = sql(
            f"select link.{near} as parent, link.{far} as id, {place} as place,"
            f" member.entity_id is not null as is_member, link.entity_id as link_entity, {columns}"
            f" from triples link left join triples member on member.app_id = %s::uuid"
            f" and member.entity_id = link.{far} and member.attr_id = %s::uuid and member.ea",
            self._app_id,
            form.id_attr.id,
        )
        where = sql(
            f" where link.app_id = %s::uuid and link.attr_id = %s::uuid and link.vae"
            f" and link.{near} = any((select ids from ids_{parent})::uuid[])",
            self._app_id,
            link.attr.id,
        )
        ordered = self._order_join(form.order) if has_place else EMPTY
        whole = select + ordered + where
        return whole.wrap(f"linked_{number} as materialized (", ")")

    def _kept(self, number: int, form: Form) -> Fragment:
        columns = "parent, id, place, link_entity, link_attr, link_value, link_time"
        where = sql(f" from linked_{number} as linked where linked.is_member")
        if form.condition is not None:
            where = where + asked_of_each(self._conditions.holds(form.condition, "linked.id"))
        guarded = self._guarded(form, where)
        limit = form.page.limit
        if limit is None or not form.order.is_usable:
            # To read all members again is cheaper than to store them once more.
            is_cheap = form.condition is None and guarded == where
            kept = "not materialized" if is_cheap else "materialized"
            return (sql(f"select {columns}") + guarded).wrap(f"rows_{number} as {kept} (", ")")
        scan = direction(form.order, reverse=form.page.from_end)
        ranked = (
            sql(
                f"select {columns}, row_number() over"
                f" (partition by parent order by place {scan}, id {scan}) as rank"
            )
            + guarded
        )
        return ranked.wrap(
            f"rows_{number} as materialized (select {columns} from (",
            f") as ranked where rank <= {int(limit)})",
        )

    def _guarded(self, form: Form, found: Fragment) -> Fragment:
        """Rows of a nested form, if they may be seen and if the link that leads there may."""
        guards = [(self._guards.view(form.etype), "linked.id")]
        if form.link is not None:
            guards.append((self._guards.field(form.link.attr), "linked.link_entity"))
        asked = [(guard, column) for guard, column in guards if guard is not None]
        if any(guard.can_fail for guard, _ in asked):
            found = found.wrap(" from (select linked.*", " offset 0) as linked where true")
        found = found + join("", [asked_of_each(each.passes(at)) for each, at in asked])
        attr = order_attr(form)
        hides_place = None if attr is None else self._guards.field(attr)
        if hides_place is None:
            return found
        columns = "linked.parent, linked.id, link_entity, link_attr, link_value, link_time"
        place = hides_place.passes("linked.id").wrap(
            ", case when ", " then linked.place else ''::bytea end as place"
        )
        return (sql(f" from (select {columns}") + place + found).wrap("", ") as linked")

    def _order_join(self, order: Order) -> Fragment:
        """The triple that typed order looks at; rows without one are ordered as null."""
        if order.attr is None or not order.is_usable:
            return EMPTY
        return sql(
            " left join triples ordered on ordered.app_id = %s::uuid"
            " and ordered.entity_id = member.entity_id and ordered.attr_id = %s::uuid"
            " and ordered.ea",
            self._app_id,
            order.attr.id,
        )

    def _beyond(self, cursor: Cursor, is_after: bool, order: Order) -> Fragment:
        """Rows on the wanted side of a cursor, in the order's direction."""
        forwards = is_after is not order.descending
        operator = (">" if forwards else "<") + ("=" if cursor.inclusive else "")
        checked_type = order.attr.checked_data_type if order.attr is not None else None
        cast = "bigint" if order.attr is None else "bytea"
        return sql(
            f"({place_of(order)}, member.entity_id) {operator} (%s::{cast}, %s::uuid)",
            cursor_place(cursor.constant, checked_type),
            cursor_id(cursor.constant),
        )


def _page_of(number: int, form: Form, rows: Fragment) -> list[Fragment]:
    """The CTE `rows_n`, and where page info wants it `found_n`, with the row after the page."""
    page = form.page
    if page.limit is None and not page.offset:
        return [rows.wrap(f"rows_{number} as materialized (", ")")]
    scan = direction(form.order, reverse=page.from_end)
    in_order = f" order by place {scan}, id {scan}"
    skipped = sql(" offset %s::bigint", page.offset) if page.offset else EMPTY
    if page.limit is None or not form.wants_page_info:
        limit = EMPTY if page.limit is None else sql(" limit %s::bigint", page.limit)
        cut = rows + sql(in_order) + limit + skipped
        return [cut.wrap(f"rows_{number} as materialized (", ")")]
    more = min(page.limit + 1, MOST_ROWS)
    found = rows + sql(f"{in_order} limit %s::bigint", more) + skipped
    shown = sql(f"select * from found_{number}{in_order} limit %s::bigint", page.limit)
    return [
        found.wrap(f"found_{number} as materialized (", ")"),
        shown.wrap(f"rows_{number} as materialized (", ")"),
    ]


def _follow_an_order(guards: tuple[Guard, ...]) -> bool:
    """Whether guards may be asked row by row as an index of the order has them."""
    return not _leads_to_few(guards) and not any(guard.can_fail for guard in guards)


def _leads_to_few(guards: tuple[Guard, ...]) -> bool:
    """Whether an index leads to those who may be seen."""
    return any(_finds_few(condition) for guard in guards for condition in guard.required)


def _finds_few(condition: Condition) -> bool:
    """Whether an index leads from the condition's constants to the rows."""
    match condition:
        case Shared(terms):
            return any(_is_way_in(term) for term in terms)
        case All(items):
            return any(map(_finds_few, items))
        case Some(items):
            return all(map(_finds_few, items))


def _names_rows(condition: Condition) -> bool:
    """Whether the condition names its rows: by unique values, or by what they are linked to.

    Others, such as `done = false`, may hold for more rows than anybody may see.
    """
    match condition:
        case Shared(terms):
            return any(
                isinstance(term.leaf, Linked)
                or (isinstance(term.leaf, IsOneOf) and bool(term.leaf.attr.unique or term.path))
                for term in terms
            )
        case All(items):
            return any(map(_names_rows, items))
        case Some(items):
            return all(map(_names_rows, items))


def _is_way_in(term: Term) -> bool:
    match term.leaf:
        case IsOneOf(attr):
            return attr.indexed or attr.unique or bool(term.path)
        case Linked():
            return True
        case _:
            return False


def place_of(order: Order) -> str:
    """The expression that rows are ordered by."""
    if order.attr is None or not order.is_usable:
        return "member.created_at"
    return "coalesce(ordered.sort_key, ''::bytea)"


def direction(order: Order, *, reverse: bool = False) -> str:
    """`asc` or `desc`, turned around for scans from the end."""
    return "desc" if order.descending is not reverse else "asc"


def order_attr(form: Form) -> Attr | None:
    """The attr that a usable typed order looks at."""
    return form.order.attr if form.order.is_usable else None


def _ids(number: int) -> Fragment:
    return sql(
        f"ids_{number} as materialized"
        f" (select coalesce(array_agg(distinct id), '{{}}') as ids from rows_{number})"
    )
