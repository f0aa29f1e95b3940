"""`page-info` of a top-level form, built by PostgreSQL beside its rows (instaql.md §2.5)."""

from __future__ import annotations

from triples.instaql.forms import Form
from triples.instaql.levels import LevelSql, direction, order_attr
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
    page = form.page
    has_next, has_previous = _further(number, form, levels)
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


def _further(number: int, form: Form, levels: LevelSql) -> tuple[Fragment, Fragment]:
    """Whether matching rows stand after the page, and before it.

    Where its scan ends, a row beyond was looked for together with the page, and a cursor there must
    be looked behind. Where its scan begins, skipped rows stand beyond.
    """
    page = form.page
    ends_with = page.after if page.from_end else page.before
    begins_with = page.before if page.from_end else page.after
    upwards = page.from_end is form.order.descending
    last, first = ("first", "last") if page.from_end else ("last", "first")
    at_end = at_begin = sql("false")
    if ends_with:
        at_end = levels.exists_beyond(f"{last}_{number}", ">" if upwards else "<", form)
    elif page.limit is not None:
        at_end = sql(f"(select count(*) from found_{number}) > %s::bigint", page.limit)
    if page.offset:
        at_begin = sql(f"exists (select from rows_{number})")
    elif begins_with:
        at_begin = levels.exists_beyond(f"{first}_{number}", "<" if upwards else ">", form)
    return (at_begin, at_end) if page.from_end else (at_end, at_begin)


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
