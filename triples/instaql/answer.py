"""Asking a query: checked, compiled once per shape, answered by one statement.

    query ──shape──▶ marked query ──parse──▶ forms ──compile──▶ statement ──bind──▶ prepared query

What a query's constants are does not change its statement, so compiled shapes are kept, with the
attr catalog they were compiled for. A constant that cannot be bound sends the query through
`parse` again, which says what is wrong with it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.catalog import AttrCatalog
from triples.instaql import problems
from triples.instaql.constants import bound
from triples.instaql.parse import Parser
from triples.instaql.reads import Read
from triples.instaql.shape import Constant, Shaped, shape_of
from triples.instaql.statement import COLUMNS, Level, Statement, compile_statement
from triples.sql.fragment import Fragment
from triples.sql.pool import Connection
from wire.errors import PermissionEvaluationFailed, RecordNotFound, ValidationFailed

MAX_SHAPES: Final = 2_000  # a statement with its forms takes some 20 kB

_NO_RULES: Final = (
    "This server cannot evaluate the app's permission rules, so only admins may read."
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom a query is answered; admins see everything."""

    is_admin: bool
    user_id: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one snapshot says.

    - `processed_tx_id`: the newest transaction of the app that the answer shows; at least 1.
    - `attrs_version`: of the attrs in the same snapshot; the answer is right only if it was
      prepared with a catalog of this version.
    - `snapshot`: `pg_current_snapshot()` as text.
    - `result`: the wire form with join rows, as JSON text (instaql.md §3.1).
    - `level_ids`: for each level of the query the entities that its reads speak of.
    - `rows`: (parent, id) pairs of each level as JSON text, if the query was prepared `with_rows`.
    - `result_meta`: page info and counts as JSON text, where `result` has no place for them.
    """

    processed_tx_id: int
    attrs_version: int
    snapshot: str
    result: bytes
    level_ids: tuple[frozenset[str], ...]
    rows: str | None = None
    result_meta: bytes | None = None


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query that can be run; `statement` holds its constants as values."""

    statement: Fragment
    reads: tuple[Read, ...]
    levels: tuple[Level, ...]
    viewer: Viewer


_compiled: OrderedDict[tuple[Any, ...], Statement] = OrderedDict()


def prepare_query(
    query: Any, catalog: AttrCatalog, viewer: Viewer, *, with_rows: bool = False
) -> PreparedQuery:
    """Check and compile a query; raises `ValidationFailed` (instaql.md §2.9).

    `with_rows` asks for what an object tree needs as well.
    """
    if query is None:
        raise ValidationFailed.one("add-query", None, "Query can not be null.")
    if not isinstance(query, dict):
        raise problems.refusal(query, "map?", ())
    shaped = shape_of(query)
    user = None if viewer.is_admin else viewer.user_id
    constants = (*shaped.constants, user)
    key = (
        catalog.app_id,
        catalog.version,
        viewer.is_admin,
        user is not None,
        with_rows,
        shaped.key,
    )
    statement = _compiled.get(key)
    is_fresh = statement is None
    if statement is None:
        statement = _compile(query, shaped, catalog, viewer, with_rows)
        _remember(key, statement)
    try:
        return _bind(statement, constants, viewer)
    except ValueError:
        if is_fresh:
            raise
    # A constant of the right kind may still be no date, or no id: its own parse tells.
    return _bind(_compile(query, shaped, catalog, viewer, with_rows), constants, viewer)


async def run_query(conn: Connection, prepared: PreparedQuery) -> Answer:
    """Answer a prepared query with one statement.

    Raises `RecordNotFound` without a live app, and `PermissionEvaluationFailed` where rules guard
    the app's data from the viewer.
    """
    statement = prepared.statement
    cursor = await conn.execute(statement.text, statement.values)
    row = await cursor.fetchone()
    if row is None:
        raise RecordNotFound("app")
    has_rules = row[3]
    if has_rules and not prepared.viewer.is_admin:
        raise PermissionEvaluationFailed(_NO_RULES)
    return Answer(
        processed_tx_id=row[0],
        attrs_version=row[1],
        snapshot=row[2],
        result=row[4].encode(),
        level_ids=tuple(frozenset(ids or ()) for ids in row[len(COLUMNS) :]),
        rows=row[5],
    )


def _compile(
    query: Any, shaped: Shaped, catalog: AttrCatalog, viewer: Viewer, with_rows: bool
) -> Statement:
    user = None
    if viewer.user_id is not None and not viewer.is_admin:
        user = Constant(len(shaped.constants), viewer.user_id)
    forms = Parser(query, catalog, viewer.is_admin, user).read(shaped.marked)
    return compile_statement(catalog.app_id, forms, with_rows=with_rows)


def _bind(statement: Statement, constants: tuple[Any, ...], viewer: Viewer) -> PreparedQuery:
    return PreparedQuery(
        statement=bound(statement.sql, constants),
        reads=tuple(read(constants) for read in statement.reads),
        levels=statement.levels,
        viewer=viewer,
    )


def _remember(key: tuple[Any, ...], statement: Statement) -> None:
    _compiled[key] = statement
    _compiled.move_to_end(key)
    while len(_compiled) > MAX_SHAPES:
        _compiled.popitem(last=False)
