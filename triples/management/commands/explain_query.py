"""`manage.py explain_query <app> '<query>'`: how a query is understood, compiled and run.

Prints the levels of the query, what it depends on, the one SQL statement, and PostgreSQL's plan of
it with estimated and real rows and the time of each step. The query really runs, as an admin's.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triples.attrs.store import load_catalog
from triples.instaql.answer import PreparedQuery, Viewer, prepare_query
from triples.instaql.statement import Level
from triples.management.database import connect
from triples.sql.numbered import NumberedSql, run
from wire import json
from wire.errors import InstantError
from wire.ids import parse_uuid

_ADMIN: Final = Viewer(is_admin=True, user_id=None)
_EXPLAIN: Final = b"explain (analyze, buffers, settings) "


class Command(BaseCommand):
    """Explains one query of one app."""

    help = "Show how a query is compiled to SQL and how PostgreSQL runs it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The app's id and the query as JSON."""
        parser.add_argument("app", help="the app's id")
        parser.add_argument("query", help="""InstaQL as JSON: '{"todos": {}}'""")

    def handle(self, *args: Any, app: str, query: str, **options: Any) -> None:
        """Print everything about the query."""
        app_id = parse_uuid(app)
        if app_id is None:
            raise CommandError("The app's id must be a uuid.")
        try:
            parsed = json.loads(query)
        except json.JsonError as error:
            raise CommandError(f"The query is not JSON: {error}") from error
        prepared, plan = asyncio.run(_explained(app_id, parsed))
        self._section("levels", [_level(level) for level in prepared.levels])
        self._section("depends on", [str(read) for read in prepared.reads])
        self._section("sql", [prepared.statement.text.decode()])
        self._section("values", _numbered(prepared.statement.values))
        self._section("plan", plan)

    def _section(self, title: str, lines: list[str]) -> None:
        self.stdout.write(f"── {title}")
        for line in lines or ["(none)"]:
            self.stdout.write(f"  {line}")


async def _explained(app_id: str, query: Any) -> tuple[PreparedQuery, list[str]]:
    try:
        async with connect() as conn:
            prepared = prepare_query(query, await load_catalog(conn, app_id), _ADMIN)
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


def _level(level: Level) -> str:
    form = level.form
    above = "" if level.parent is None else f", below level {level.parent}"
    condition = "every member" if form.condition is None else str(form.condition)
    return f"{level.number}: {form.key} ({form.etype}{above}): {condition}"
