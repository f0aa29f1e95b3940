"""`manage.py explain_query <app> '<query>'`: how a query is understood, compiled and run.

Prints the levels of the query, which of its rules SQL decides and which Python and why, what it
depends on, its SQL statement, and PostgreSQL's plan of it with estimated and real rows and the time
of each step. The query really runs: as an admin's, or with `--as-user` or `--as-guest` as theirs.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triples.attrs.store import load_catalog
from triples.instaql.answer import PreparedQuery, Viewer, judged, prepare_query
from triples.instaql.statement import Level
from triples.management.database import connect
from triples.permissions.in_sql.guards import name_of
from triples.permissions.store import load_rules
from triples.sql.numbered import NumberedSql, run
from wire import json
from wire.errors import InstantError
from wire.ids import parse_uuid

_EXPLAIN: Final = b"explain (analyze, buffers, settings) "


class Command(BaseCommand):
    """Explains one query of one app."""

    help = "Show how a query is compiled to SQL and how PostgreSQL runs it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The app's id and the query as JSON."""
        parser.add_argument("app", help="the app's id")
        parser.add_argument("query", help="""InstaQL as JSON: '{"todos": {}}'""")
        viewer = parser.add_mutually_exclusive_group()
        viewer.add_argument("--as-user", metavar="ID", help="ask as the user with this id")
        viewer.add_argument("--as-guest", action="store_true", help="ask as nobody")

    def handle(self, *args: Any, app: str, query: str, **options: Any) -> None:
        """Print everything about the query."""
        app_id = parse_uuid(app)
        if app_id is None:
            raise CommandError("The app's id must be a uuid.")
        try:
            parsed = json.loads(query)
        except json.JsonError as error:
            raise CommandError(f"The query is not JSON: {error}") from error
        user_id = parse_uuid(options["as_user"])
        if options["as_user"] is not None and user_id is None:
            raise CommandError("The user's id must be a uuid.")
        is_admin = user_id is None and not options["as_guest"]
        prepared, plan = asyncio.run(_explained(app_id, parsed, Viewer(is_admin, user_id)))
        self._section("levels", [_level(level) for level in prepared.levels])
        self._section("rules", _rules(prepared))
        self._section("depends on", [str(read) for read in prepared.reads])
        self._section("sql", [prepared.statement.text.decode()])
        self._section("values", _numbered(prepared.statement.values))
        self._section("plan", plan)

    def _section(self, title: str, lines: list[str]) -> None:
        self.stdout.write(f"── {title}")
        for line in lines or ["(none)"]:
            self.stdout.write(f"  {line}")


async def _explained(app_id: str, query: Any, viewer: Viewer) -> tuple[PreparedQuery, list[str]]:
    try:
        async with connect() as conn:
            catalog = await load_catalog(conn, app_id)
            rules = await load_rules(conn, app_id)
            prepared = await judged(conn, prepare_query(query, catalog, viewer, rules))
            statement = prepared.statement
            explained = NumberedSql(_EXPLAIN + statement.text, statement.values)
            cursor = await run(conn, explained)
            return prepared, [row[0] for row in await cursor.fetchall()]
    except InstantError as error:
        raise CommandError(error.message) from error
    except psycopg.OperationalError as error:
        raise CommandError(f"PostgreSQL cannot be reached: {error}") from error


def _numbered(values: tuple[Any, ...]) -> list[str]:
    return [f"${number} {value!r}" for number, value in enumerate(values, start=1)]


def _rules(prepared: PreparedQuery) -> list[str]:
    undecided = () if prepared.judging is None else prepared.judging.undecided
    return [
        *(f"{name}: SQL" for name in prepared.decided),
        *(f"{name_of(each.rule, each.label)}: Python, as {each.reason}" for each in undecided),
    ]


def _level(level: Level) -> str:
    form = level.form
    above = "" if level.parent is None else f", below level {level.parent}"
    condition = "every member" if form.condition is None else str(form.condition)
    return f"{level.number}: {form.key} ({form.etype}{above}): {condition}"
