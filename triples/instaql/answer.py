"""Asking a query: checked, compiled once per shape, answered by one statement.

    query ──shape──▶ marked query ──parse──▶ forms ──compile──▶ statement ──bind──▶ prepared query

What a query's constants are does not change its statement, so compiled shapes are kept, with the
attr catalog they were compiled for (`compiled`). A constant that cannot be bound sends the query
through `parse` again, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from triples.attrs.catalog import AttrCatalog
from triples.instaql import problems
from triples.instaql.compiled import (
    CompiledQuery,
    compile_query,
    find_compiled,
    remember,
    values_of,
)
from triples.instaql.constants import bound
from triples.instaql.reads import Read
from triples.instaql.shape import shape_of
from triples.instaql.statement import COLUMNS, Level
from triples.instaql.verdicts import (
    Judged,
    Judging,
    check_failures,
    judge,
    one_snapshot,
    slots_of,
    takes_tokens,
)
from triples.permissions.asker import Asker
from triples.permissions.asking import Asking
from triples.permissions.in_sql.failure import FailedRule, raise_failed_rule
from triples.permissions.rules import Rules
from triples.permissions.store import EMPTY
from triples.sql.numbered import NumberedSql, run
from triples.sql.pool import Connection
from wire.errors import AppDisabled, RecordNotFound, ValidationFailed

Viewer = Asker
"""For whom a query is answered; admins see everything."""

# Is the app there, whatever its status?
_IS_LIVE: Final = "select 1 from apps where id = %s::uuid and deletion_marked_at is null"

_ALWAYS_THERE: Final = COLUMNS.index("processed_tx_id")  # in the row about the whole
_TRIPLES: Final = COLUMNS.index("triples")
_META: Final = COLUMNS.index("meta")
_ROWS: Final = COLUMNS.index("rows")
_OPENING: Final = b'[{"data":{"datalog-result":{"join-rows":[['


@dataclass(frozen=True, slots=True)
class Answer:
    """What one snapshot says.

    - `processed_tx_id`: the newest transaction of the app that the answer shows; at least 1.
    - `attrs_version`, `rules_stamp`: of the attrs and the rules in the same snapshot; the answer is
      right only if it was prepared with these (`PreparedQuery.is_answered_by`).
    - `snapshot`: `pg_current_snapshot()` as text.
    - `result`: the wire form with join rows, as JSON text (instaql.md §3.1).
    - `level_ids`: for each level of the query the entities that its reads speak of.
    - `rows`: (parent, id) pairs of each level as JSON text, if the query was prepared `with_rows`.
    - `result_meta`: page info and counts as JSON text, where `result` has no place for them.
    """

    processed_tx_id: int
    attrs_version: int
    rules_stamp: str
    snapshot: str
    result: bytes
    level_ids: tuple[frozenset[str], ...]
    rows: str | None = None
    result_meta: bytes | None = None


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query that can be run; `statement` holds its constants as values.

    - `query`: as it was asked.
    - `catalog`, `rules`: what it was compiled with; the rules matter to admins in nothing.
    - `traits`: all that its rules can tell of an asker. With the same ones, askers see the same.
    - `decided`: the rules that the statement decides by itself.
    - `judging`: what Python has to decide first, if rules say what SQL cannot; `statement` then
      lacks the verdicts, and `constants` are its own and the facts of its rules.
    """

    statement: NumberedSql
    reads: tuple[Read, ...]
    levels: tuple[Level, ...]
    query: dict[str, Any]
    asking: Asking
    catalog: AttrCatalog
    rules: Rules
    traits: frozenset[Hashable] = frozenset()
    decided: tuple[str, ...] = ()
    judging: Judging | None = None
    constants: tuple[Any, ...] = ()

    @property
    def viewer(self) -> Viewer:
        """For whom it was prepared."""
        return self.asking.asker

    def is_answered_by(self, answer: Answer) -> bool:
        """Whether the answer's snapshot held the attrs and rules that the query was made with."""
        if answer.attrs_version != self.catalog.version:
            return False
        return self.viewer.is_admin or answer.rules_stamp == self.rules.stamp


def prepare_query(
    query: Any,
    catalog: AttrCatalog,
    viewer: Viewer,
    rules: Rules = EMPTY,
    *,
    with_rows: bool = False,
    in_python: bool = False,
) -> PreparedQuery:
    """Check and compile a query; raises `ValidationFailed` (instaql.md §2.9).

    `with_rows` asks for what an object tree needs as well. The rules are not asked about admins.
    With `in_python` none of them is decided by SQL, so that each verdict can be told; nothing of
    that is kept.
    """
    if query is None:
        raise ValidationFailed.one("add-query", None, "Query can not be null.")
    if not isinstance(query, dict):
        raise problems.refusal(query, "map?", ())
    shaped = shape_of(query)
    params = query.get("$$ruleParams")
    asking = Asking(viewer, params if isinstance(params, dict) else {})
    key = (
        catalog.app_id,
        catalog.version,
        None if viewer.is_admin else rules.stamp,
        with_rows,
        shaped.key,
    )
    found = None if in_python else find_compiled(key, asking)
    if found is not None:
        try:
            return _bind(found, query, shaped.constants, asking, catalog, rules)
        except ValueError:
            pass  # a constant of the right kind may still be no date, or no id: its parse tells
    compiled = compile_query(
        query, shaped, catalog, rules, asking, with_rows=with_rows, in_python=in_python
    )
    if found is None and not in_python:
        remember(key, compiled)
    return _bind(compiled, query, shaped.constants, asking, catalog, rules)


async def run_query(conn: Connection, prepared: PreparedQuery) -> Answer:
    """Answer a prepared query with one statement; with up to three more if Python has to judge.

    Raises `RecordNotFound` without a live app, `AppDisabled`, and `PermissionEvaluationFailed`
    where a rule has no value for an entity that the query would show.
    """
    try:
        if prepared.judging is None:
            return await _answer(conn, prepared.catalog.app_id, prepared.statement)
        answer, _ = await judge_and_run(conn, prepared, prepared.judging)
        return answer
    except FailedRule as failed:
        await _say_why(conn, prepared, failed)
        raise


async def judge_and_run(
    conn: Connection, prepared: PreparedQuery, judging: Judging, *, shows_cause: bool = False
) -> tuple[Answer, Judged]:
    """The answer, and the verdicts that it was made by; all of one snapshot."""
    async with one_snapshot(conn):
        found = await judge(conn, judging, prepared.catalog, prepared.rules, prepared.asking)
        statement = _with_verdicts(prepared, judging, found)
        try:
            answer = await _answer(conn, prepared.catalog.app_id, statement)
        except FailedRule as failed:
            etype, action = failed.etype, failed.action
            check_failures(found.verdicts, etype, action, shows_cause=shows_cause)
            raise
    return answer, found


async def _say_why(conn: Connection, prepared: PreparedQuery, failed: FailedRule) -> None:
    """Raise what Python says of a rule that failed in SQL, which knows only that it did (§13.6)."""
    if prepared.judging is not None and takes_tokens(prepared.judging):
        return  # to ask its rules once more would take them twice
    query, catalog, rules = prepared.query, prepared.catalog, prepared.rules
    asked = prepare_query(query, catalog, prepared.viewer, rules, in_python=True)
    if asked.judging is None:
        raise AssertionError("without SQL, all rules are judged in Python")
    async with one_snapshot(conn):
        found = await judge(conn, asked.judging, catalog, rules, asked.asking)
    check_failures(found.verdicts, failed.etype, failed.action, shows_cause=False)


async def judged(conn: Connection, prepared: PreparedQuery) -> PreparedQuery:
    """The query with the verdicts of this moment in its statement, for people to look at."""
    if prepared.judging is None:
        return prepared
    judging = prepared.judging
    found = await judge(conn, judging, prepared.catalog, prepared.rules, prepared.asking)
    return replace(prepared, statement=_with_verdicts(prepared, judging, found))


def _with_verdicts(prepared: PreparedQuery, judging: Judging, found: Judged) -> NumberedSql:
    known = list(prepared.constants)
    for slot, ids in slots_of(found.verdicts).items():
        known[slot] = ids
    return bound(prepared.statement, tuple(known))


async def _answer(conn: Connection, app_id: str, statement: NumberedSql) -> Answer:
    try:
        cursor = await run(conn, statement)
    except psycopg.DatabaseError as error:
        raise_failed_rule(error)
        raise
    triples, row = await _received(cursor)
    if row is None:
        is_live = await (await conn.execute(_IS_LIVE, (app_id,))).fetchone()
        raise RecordNotFound("app") if is_live is None else AppDisabled
    return Answer(
        processed_tx_id=row[0],
        attrs_version=row[1],
        rules_stamp=row[3],
        snapshot=row[2],
        result=_in_wire_form(triples, row[_META]),
        level_ids=tuple(frozenset(ids or ()) for ids in row[len(COLUMNS) :]),
        rows=row[_ROWS],
    )


async def _received(
    cursor: psycopg.AsyncRawCursor[TupleRow],
) -> tuple[list[bytes], TupleRow | None]:
    """The triples, whose text is never decoded, and the row about the whole, if there is one."""
    result = cursor.pgresult
    if result is None:
        raise RuntimeError("a query has a result")
    triples = []
    whole = None
    for number in range(result.ntuples):
        piece = result.get_value(number, _TRIPLES)
        if piece is not None:
            triples.append(piece)
        elif result.get_value(number, _ALWAYS_THERE) is not None:
            whole = number
    if whole is None:
        return triples, None
    await cursor.scroll(whole, mode="absolute")
    return triples, await cursor.fetchone()


def _in_wire_form(triples: list[bytes], meta: str) -> bytes:
    """The pieces as one text, which is copied only once."""
    pieces = triples or [b""]
    pieces[0] = _OPENING + pieces[0]
    pieces[-1] = b'%b]]}%b},"child-nodes":[]}]' % (pieces[-1], meta.encode())
    return b",".join(pieces)


def _bind(
    compiled: CompiledQuery,
    query: dict[str, Any],
    constants: tuple[Any, ...],
    asking: Asking,
    catalog: AttrCatalog,
    rules: Rules,
) -> PreparedQuery:
    statement = compiled.statement
    known = (*constants, *values_of(compiled.facts, asking))
    judging = None
    if compiled.judging is not None:
        facts = (*constants, *values_of(compiled.judging.facts, asking))
        judging = Judging(
            compiled.undecided,
            compiled.judging.etypes,
            bound(compiled.judging.candidates, facts),
        )
    return PreparedQuery(
        statement=statement.sql if judging else bound(statement.sql, known),
        reads=tuple(read(known) for read in statement.reads),
        levels=statement.levels,
        query=query,
        asking=asking,
        catalog=catalog,
        rules=rules,
        traits=compiled.traits_of(asking),
        decided=compiled.decided,
        judging=judging,
        constants=known,
    )
