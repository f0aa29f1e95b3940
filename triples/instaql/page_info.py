"""`page-info` of a top-level form, built by PostgreSQL beside its rows (instaql.md §2.5)."""

from __future__ import annotations

from triples.instaql.forms import Form
from triples.instaql.levels import LevelSql, direction, order_attr, place_of
from triples.sql.fragment import Fragment, sql


def edge_ctes(number: int, form: Form) -> list[Fragment]:
    """The first and the last row of the page, in the requested order, as CTEs of one row."""
    return [
        sql(
            f"{name}_{number} as materialized (select id, place from rows_{number}"
            f" order by place {scan}, id {scan} limit 1)"
        )
        for name, scan in (
            ("first", direction(form.order)),
            ("last", direction(form.order, reverse=True)),
        )
    ]


def page_info(number: int, form: Form, app_id: str, levels: LevelSql) -> Fragment:
    """A JSON object with both cursors and both flags."""
    after = ">" if not form.order.descending else "<"
    before = "<" if not form.order.descending else ">"
    page = form.page
    has_next = has_previous = sql("false")
    if page.before or (page.offset if page.from_end else page.limit):
        has_next = _exists_beyond(f"last_{number}", after, form, levels)
    if page.after or (page.limit if page.from_end else page.offset):
        has_previous = _exists_beyond(f"first_{number}", before, form, levels)
    return (
        sql("json_build_object('start-cursor', ")
        + _cursor(f"first_{number}", form, app_id)
        + sql(", 'end-cursor', ")
        + _cursor(f"last_{number}", form, app_id)
        + sql(", 'has-next-page?', ")
        + has_next
        + sql(f", 'has-previous-page?', case when exists (select from rows_{number}) then ")
        + has_previous
        + sql(" else %s::boolean end)", bool(page.offset or page.after))
    )


def nothing_there(form: Form) -> Fragment:
    """The page of a form that matches nothing."""
    return sql(
        "json_build_object('start-cursor', null, 'end-cursor', null, 'has-next-page?', false,"
        " 'has-previous-page?', %s::boolean)",
        bool(form.page.offset or form.page.after),
    )


def _exists_beyond(edge: str, operator: str, form: Form, levels: LevelSql) -> Fragment:
    """Whether a matching row stands beyond the edge, cursors aside; false without an edge."""
    place = place_of(form.order)
    return (
        sql("exists (select")
        + levels.matching(
            form,
            sql(
                f" and ({place}, member.entity_id) {operator}"
                f" ((select place from {edge}), (select id from {edge}))"
            ),
        )
        + sql(")")
    )


def _cursor(edge: str, form: Form, app_id: str) -> Fragment:
    """The edge as a cursor, null without an edge; a missing order value counts as null."""
    if form.id_attr is None:
        raise ValueError("a form that matches nothing has no cursors")
    attr = order_attr(form)
    if attr is None:
        return sql(
            f"(select json_build_array(id, %s::uuid, id, place) from {edge})", form.id_attr.id
        )
    return sql(
        f"(select json_build_array({edge}.id, %s::uuid, ordered.value,"
        f" coalesce(ordered.created_at, 0)) from {edge} left join triples ordered"
        f" on ordered.app_id = %s::uuid and ordered.entity_id = {edge}.id"
        " and ordered.attr_id = %s::uuid and ordered.ea)",
        attr.id,
        app_id,
        attr.id,
    )
