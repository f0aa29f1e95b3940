"""One SQL statement for a whole query: all levels, all triples, and what the answer is worth.

Steps, each a CTE: rows of a level → its ids → children's links and rows, and so on. The statement
returns one row about the whole (see `COLUMNS`), none where the app is gone or disabled, and beside
it any number of rows with nothing but triples, as JSON text in wire form.
Spec: instaql.md §3, §4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from triples.instaql.conditions import ConditionSql
from triples.instaql.dependencies import reads_of_form
from triples.instaql.forms import Form, Step
from triples.instaql.guards import OPEN, Guards
from triples.instaql.levels import LevelSql, direction, order_attr
from triples.instaql.page_info import edge_ctes, nothing_there, page_info
from triples.instaql.reads import ReadOf
from triples.instaql.sent import SentTriples, attrs_of, unshown
from triples.permissions.store import STAMP
from triples.sql.fragment import EMPTY, Fragment, join, sql
from triples.sql.numbered import NumberedSql, numbered
from wire.errors import ValidationFailed

COLUMNS: Final = (
    "processed_tx_id",
    "attrs_version",
    "snapshot",
    "rules_stamp",
    "triples",
    "meta",
    "rows",
)
"""The first columns of the statement's rows; an array of ids for each level follows.

In the row about the whole, `triples` is null; in the others it is all there is. `meta` is
what stands beside the triples: page info and counts, as members of a JSON object.
"""

_HEAD: Final = f"""
select
  (select coalesce(max(id), 1) from transactions where app_id = apps.id),
  apps.attrs_version,
  pg_current_snapshot()::text,
  {STAMP},
  null::text,
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled query: its SQL, its reads, and the levels in the order of their id arrays.

    `levels` are the forms with what can match, numbered as in the statement.
    """

    sql: NumberedSql
    reads: tuple[ReadOf, ...]
    levels: tuple[Level, ...]


MAX_LEVELS: Final = 400
"""Namespaces and links in one query: 300 take a second, a thousand ten times as long."""


@dataclass(frozen=True, slots=True)
class Level:
    """A form in its place; `parent` is the number of the level above."""

    number: int
    form: Form
    parent: int | None


@dataclass(slots=True)
class _Parts:
    """What the statement is put together from."""

    sent: SentTriples
    ctes: list[Fragment] = field(default_factory=list)
    reads: list[ReadOf] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    page_infos: list[Fragment] = field(default_factory=list)
    counts: list[Fragment] = field(default_factory=list)


def compile_statement(
    app_id: str,
    forms: tuple[Form, ...],
    *,
    with_rows: bool,
    guards: Guards = OPEN,
    numbers: count[int] | None = None,
) -> Statement:
    """Compile checked forms; `with_rows` adds what an object tree needs.

    `numbers` are the ones that the guards number their aliases with.
    """
    compiler = _Compiler(app_id, with_rows, guards, numbers if numbers is not None else count(1))
    for form in forms:
        compiler.add_top(form)
    return compiler.statement()


class _Compiler:
    def __init__(self, app_id: str, with_rows: bool, guards: Guards, numbers: count[int]) -> None:
        self._app_id = app_id
        self._with_rows = with_rows
        self._guards = guards
        self._conditions = ConditionSql(app_id, numbers, guards)
        self._levels = LevelSql(app_id, self._conditions, guards, with_rows=with_rows)
        self._parts = _Parts(SentTriples(app_id, guards))
        self._next_number = 0

    def add_top(self, form: Form) -> None:
        """Add a top-level form and everything below it."""
        parts = self._parts
        if form.id_attr is None:
            self._add_nothing(form)
            return
        level = self._begin(form, None)
        parts.ctes += self._levels.top_rows(level.number, form)
        if form.wants_page_info:
            parts.ctes += edge_ctes(level.number, form)
            info = page_info(level.number, form, self._app_id, self._levels)
            parts.page_infos.append(_member(form.key, info))
        if form.counts:
            count = f"json_build_object('count', (select count(*) from rows_{level.number}))"
            parts.counts.append(_member(form.key, sql(count)))
            return
        self._add_triples(level)
        self._add_children(level)

    def statement(self) -> Statement:
        """Everything that was added, as one statement."""
        parts = self._parts
        with_ctes = join(",\n", parts.ctes).wrap("with ", "") if parts.ctes else EMPTY
        columns = [self._meta(), self._rows() if self._with_rows else sql("null::text")]
        for level in parts.levels:
            columns.append(self._level_ids(level))
        whole = (
            sql(_HEAD)
            + join(",\n", columns)
            + sql("\nfrom apps where apps.id = %s::uuid", self._app_id)
            + sql(" and apps.deletion_marked_at is null and apps.status <> 'disabled'")
        )
        before = "null, " * COLUMNS.index("triples")
        after = ", null" * (len(COLUMNS) - COLUMNS.index("triples") - 1 + len(parts.levels))
        rows = [
            select.wrap(f"\nunion all select {before}triples{after} from (", ") as sent")
            for select in parts.sent.selects()
        ]
        return Statement(
            numbered(join("", [with_ctes, whole, *rows])), tuple(parts.reads), tuple(parts.levels)
        )

    # -- levels ------------------------------------------------------------------------------

    def _begin(self, form: Form, parent: int | None) -> Level:
        if self._next_number == MAX_LEVELS:
            message = f"The query has more than {MAX_LEVELS} namespaces and links."
            raise ValidationFailed.one("query", None, message)
        level = Level(self._next_number, form, parent)
        self._next_number += 1
        self._parts.levels.append(level)
        self._parts.reads += reads_of_form(
            form, level.number, parent, self._guards.view(form.etype)
        )
        return level

    def _add_nothing(self, form: Form) -> None:
        """A form that matches nothing; new attrs may change that."""
        self._parts.reads += reads_of_form(form, -1, None)
        if form.wants_page_info:
            self._parts.page_infos.append(_member(form.key, nothing_there(form)))
        if form.counts:
            zero = _member(form.key, sql("json_build_object('count', 0)"))
            self._parts.counts.append(zero)

    def _add_children(self, level: Level) -> None:
        # One frame a level: forms may be nested as deep as JSON.
        for form in level.form.children:
            if form.id_attr is None or form.link is None:
                self._add_nothing(form)
                continue
            child = self._begin(form, level.number)
            sends_link = self._sends_link(child)
            self._parts.ctes += self._levels.child_rows(
                child.number, level.number, form, form.link, sends_link=sends_link
            )
            if sends_link:
                self._add_link(child, form.link)
            self._add_triples(child)
            self._add_children(child)

    # -- triples -----------------------------------------------------------------------------

    def _sends_link(self, child: Level) -> bool:
        """Whether neither side's own triples have the link triples that lead to the rows."""
        link = child.form.link
        if link is None or child.parent is None:
            return False
        holder = child if link.direction == "reverse" else self._parts.levels[child.parent]
        return link.attr not in holder.form.attrs

    def _add_link(self, child: Level, link: Step) -> None:
        select = sql(
            "select link_entity as entity_id, link_attr as attr_id, link_value as value,"
            f" link_time as created_at from rows_{child.number}"
        )
        self._parts.sent.add(select, frozenset((link.attr.id,)), distinct=True)

    def _add_triples(self, level: Level) -> None:
        form = level.form
        attrs = {attr.id: attr for attr in form.attrs}
        ordered = order_attr(form)
        if ordered is not None:
            attrs[ordered.id] = ordered
        self._parts.sent.add_entities(level.number, attrs.values())
        if form.condition is None:
            return
        condition = unshown(form.condition, frozenset(attrs))
        if condition is None:
            return
        ids = sql(f"(select ids from ids_{level.number})::uuid[]")
        for witness in self._conditions.witnesses(condition, ids):
            self._parts.sent.add(witness, attrs_of(condition), distinct=False)

    # -- columns -----------------------------------------------------------------------------

    def _meta(self) -> Fragment:
        parts = self._parts
        members = [
            join(", ", entries).wrap(
                f"""',"{name}":{{' || array_to_string(array[""", "], ',') || '}'"
            )
            for name, entries in (("page-info", parts.page_infos), ("aggregate", parts.counts))
            if entries
        ]
        return join(" || ", members) if members else sql("''::text")

    def _rows(self) -> Fragment:
        """A JSON list with, for each level, its (parent, id) pairs in order."""
        pairs: Callable[[Level], Fragment] = self._pairs
        lists = [pairs(level) for level in self._parts.levels]
        return join(", ", lists).wrap("array_to_json(array[", "]::json[])::text")

    def _pairs(self, level: Level) -> Fragment:
        scan = direction(level.form.order)
        return sql(
            f"(select coalesce(json_agg(json_build_array(parent, id) order by place {scan},"
            f" id {scan}), '[]') from rows_{level.number})"
        )

    def _level_ids(self, level: Level) -> Fragment:
        if level.parent is None:
            return sql(f"(select ids from ids_{level.number})")
        return sql(f"(select array_agg(distinct id) from linked_{level.number})")


def _member(key: str, value: Fragment) -> Fragment:
    """A member of a JSON object as text; PostgreSQL's builders take a hundred arguments only."""
    return sql("to_json(%s::text)::text || ':' || ", key) + value.wrap("(", ")::text")
