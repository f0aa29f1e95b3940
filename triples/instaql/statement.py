"""One SQL statement for a whole query: all levels, all triples, and what the answer is worth.

Steps, each a CTE: rows of a level → its ids → children's links and rows, and so on; then the
triples of every step in one list, without duplicates, as JSON text in wire form. The statement
returns exactly one row (see `COLUMNS`), or none where the app is gone. Spec: instaql.md §3, §4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from triples.instaql.conditions import ConditionSql
from triples.instaql.dependencies import reads_of_form
from triples.instaql.forms import Form
from triples.instaql.guards import OPEN, Guards
from triples.instaql.levels import LevelSql, direction, order_attr
from triples.instaql.page_info import edge_ctes, nothing_there, page_info
from triples.instaql.reads import ReadOf
from triples.permissions.store import STAMP
from triples.sql.fragment import EMPTY, Fragment, join, sql

COLUMNS: Final = ("processed_tx_id", "attrs_version", "snapshot", "rules_stamp", "result", "rows")
"""The first columns of the statement's row; an array of ids for each level follows."""

_HEAD: Final = f"""
select
  (select coalesce(max(id), 1) from transactions where app_id = apps.id),
  apps.attrs_version,
  pg_current_snapshot()::text,
  {STAMP},
"""
_TRIPLES_AS_JSON: Final = (
    "(select string_agg('[\"' || entity_id || '\",\"' || attr_id || '\",' || value::text || ','"
    " || created_at || ']', ',') from ("
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled query: its SQL, its reads, and the levels in the order of their id arrays.

    `levels` are the forms with what can match, numbered as in the statement.
    """

    sql: Fragment
    reads: tuple[ReadOf, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A form in its place; `parent` is the number of the level above."""

    number: int
    form: Form
    parent: int | None


@dataclass(slots=True)
class _Piece:
    """A select of triples; `attr_ids` are all that it can bring, None if that is not known."""

    select: Fragment
    attr_ids: frozenset[str] | None


@dataclass(slots=True)
class _Parts:
    """What the statement is put together from."""

    ctes: list[Fragment] = field(default_factory=list)
    pieces: list[_Piece] = field(default_factory=list)
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
    compiler = _Compiler(app_id, guards, numbers if numbers is not None else count(1))
    for form in forms:
        compiler.add_top(form)
    return compiler.statement(with_rows)


class _Compiler:
    def __init__(self, app_id: str, guards: Guards, numbers: count[int]) -> None:
        self._app_id = app_id
        self._guards = guards
        self._conditions = ConditionSql(app_id, numbers, guards)
        self._levels = LevelSql(app_id, self._conditions, guards)
        self._parts = _Parts()
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
            parts.page_infos.append(sql("%s::text, ", form.key) + info)
        if form.counts:
            count = sql(
                f"%s::text, json_build_object('count', (select count(*) from rows_{level.number}))",
                form.key,
            )
            parts.counts.append(count)
            return
        self._add_triples(level)
        self._add_children(level)

    def statement(self, with_rows: bool) -> Statement:
        """Everything that was added, as one statement."""
        parts = self._parts
        with_ctes = join(",\n", parts.ctes).wrap("with ", "") if parts.ctes else EMPTY
        columns = [self._result(), self._rows() if with_rows else sql("null::text")]
        for level in parts.levels:
            columns.append(self._level_ids(level))
        text = (
            with_ctes
            + sql(_HEAD)
            + join(",\n", columns)
            + sql("\nfrom apps where apps.id = %s::uuid", self._app_id)
            + sql(" and apps.deletion_marked_at is null")
        )
        return Statement(text, tuple(parts.reads), tuple(parts.levels))

    # -- levels ------------------------------------------------------------------------------

    def _begin(self, form: Form, parent: int | None) -> Level:
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
            self._parts.page_infos.append(sql("%s::text, ", form.key) + nothing_there(form))
        if form.counts:
            zero = sql("%s::text, json_build_object('count', 0)", form.key)
            self._parts.counts.append(zero)

    def _add_children(self, level: Level) -> None:
        # One frame a level: forms may be nested as deep as JSON.
        for form in level.form.children:
            if form.id_attr is None or form.link is None:
                self._add_nothing(form)
                continue
            child = self._begin(form, level.number)
            self._parts.ctes += self._levels.child_rows(child.number, level.number, form, form.link)
            self._add_link(child)
            self._add_triples(child)
            self._add_children(child)

    # -- triples -----------------------------------------------------------------------------

    def _add_link(self, child: Level) -> None:
        """The link triples of the child's rows, unless one side's own triples have them already."""
        link = child.form.link
        if link is None or child.parent is None:
            return
        holder = child if link.direction == "reverse" else self._parts.levels[child.parent]
        if link.attr in holder.form.attrs:
            return
        select = sql(
            "select link_entity as entity_id, link_attr as attr_id, link_value as value,"
            f" link_time as created_at from rows_{child.number}"
        )
        self._parts.pieces.append(_Piece(select, frozenset((link.attr.id,))))

    def _add_triples(self, level: Level) -> None:
        form = level.form
        attr_ids = {attr.id for attr in form.attrs}
        ordered = order_attr(form)
        if ordered is not None:
            attr_ids.add(ordered.id)
        ids = f"(select ids from ids_{level.number})::uuid[]"
        select = sql(
            "select fetched.entity_id, fetched.attr_id, fetched.value, fetched.created_at"
            f" from triples fetched where fetched.app_id = %s::uuid and fetched.entity_id ="
            f" any({ids}) and fetched.attr_id = any(%s::uuid[]) and fetched.ea",
            self._app_id,
            sorted(attr_ids),
        ) + self._visible_fields(form)
        self._parts.pieces.append(_Piece(select, frozenset(attr_ids)))
        if form.condition is not None:
            for witness in self._conditions.witnesses(form.condition, sql(ids)):
                self._parts.pieces.append(_Piece(witness, None))

    def _visible_fields(self, form: Form) -> Fragment:
        """Values of attrs with a rule are left out where the rule hides them."""
        ordered = order_attr(form)
        order_attrs = () if ordered is None else (ordered,)
        cases = [
            sql(" when %s::uuid then ", attr.id) + guard.passes("fetched.entity_id")
            for attr in {attr.id: attr for attr in (*form.attrs, *order_attrs)}.values()
            if (guard := self._guards.field(attr)) is not None
        ]
        if not cases:
            return EMPTY
        return join("", cases).wrap(" and case fetched.attr_id", " else true end")

    def _union(self) -> Fragment:
        pieces = self._parts.pieces
        known = [piece.attr_ids for piece in pieces if piece.attr_ids is not None]
        are_disjoint = len(known) == len(pieces) and sum(map(len, known)) == len(
            frozenset().union(*known)
        )
        return join(" union all " if are_disjoint else " union ", [p.select for p in pieces])

    # -- columns -----------------------------------------------------------------------------

    def _result(self) -> Fragment:
        parts = self._parts
        triples = sql("''")
        if parts.pieces:
            triples = sql("coalesce(") + self._union().wrap(_TRIPLES_AS_JSON, ") as triple), '')")
        return (
            sql("""'[{"data":{"datalog-result":{"join-rows":[[' || """)
            + triples
            + sql(" || ']]}'")
            + _member("page-info", parts.page_infos)
            + _member("aggregate", parts.counts)
            + sql(""" || '},"child-nodes":[]}]'""")
        )

    def _rows(self) -> Fragment:
        """A JSON list with, for each level, its (parent, id) pairs in order."""
        pairs: Callable[[Level], Fragment] = self._pairs
        lists = [pairs(level) for level in self._parts.levels]
        return join(", ", lists).wrap("json_build_array(", ")::text")

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


def _member(name: str, entries: list[Fragment]) -> Fragment:
    """`,"name":{…}`, or nothing."""
    if not entries:
        return EMPTY
    return join(", ", entries).wrap(f""" || ',"{name}":' || json_build_object(""", ")::text")
