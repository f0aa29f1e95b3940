"""`manage.py load_sample`: fill the database with skewed sample apps, for measurements.

Each app is stored in one transaction, and ids follow from the seed: a run that was cut off goes
on where it stopped when it is started again with the same arguments.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from triples.attrs.attr import Attr
from triples.management.database import connect
from triples.management.sample_world import Row, SampleApp, sample_app, share_out
from triples.sql.pool import Connection
from triples.values.sort_key import sort_key
from wire import json

ROWS_PER_MESSAGE: Final = 2_000

_EXISTS: Final = "select exists (select from apps where id = %s::uuid)"
_TAKE_APP_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
_INSERT_APP: Final = "insert into apps (id, title) values (%s::uuid, %s)"
_INSERT_ATTR: Final = """
insert into attrs (
  id, app_id, etype, label, forward_ident, value_type, cardinality, is_unique, is_indexed,
  reverse_etype, reverse_label, reverse_ident, checked_data_type, inferred_types
) values (
  %s::uuid, %s::uuid, %s, %s, %s::uuid, %s, %s, %s, %s, %s, %s, %s::uuid, %s, %s
)
"""
_INSERT_IDENT: Final = """
insert into idents (id, app_id, attr_id, etype, label)
values (%s::uuid, %s::uuid, %s::uuid, %s, %s)
"""
_COPY_TRIPLES: Final = """
copy triples (
  created_at, app_id, entity_id, attr_id, ea, eav, av, ave, vae, checked_data_type, sort_key, value
) from stdin
"""
_INSERT_TRANSACTION: Final = "insert into transactions (app_id) values (%s::uuid)"


class Command(BaseCommand):
    """Loads apps, biggest first, with a progress bar over their triples."""

    help = "Fill the database with made-up apps; the nth gets 1/n of the first one's triples."

    def add_arguments(self, parser: CommandParser) -> None:
        """How much, and which."""
        parser.add_argument("--apps", type=int, default=200)
        parser.add_argument("--triples", type=int, default=2_000_000, help="about, in all apps")
        parser.add_argument("--seed", type=int, default=1, help="same seed, same rows")

    def handle(self, *args: Any, apps: int, triples: int, seed: int, **options: Any) -> None:
        """Load what is not there yet."""
        if apps < 1 or triples < apps:
            raise CommandError("Needs at least one app, and one triple an app.")
        wanted = [sample_app(seed, number, n) for number, n in enumerate(share_out(apps, triples))]
        try:
            loaded, rows = asyncio.run(_load(wanted, triples))
        except psycopg.OperationalError as error:
            raise CommandError(f"PostgreSQL cannot be reached: {error}") from error
        self.stdout.write(
            f"Loaded {loaded} apps with {rows} triples; {len(wanted) - loaded} were there already."
        )


async def _load(wanted: list[SampleApp], triples: int) -> tuple[int, int]:
    """Number of apps and triples that were loaded."""
    loaded = rows = 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        bar = progress.add_task("triples", total=triples)
        async with connect() as conn:
            for app in wanted:
                progress.update(bar, description=app.title)
                cursor = await conn.execute(_EXISTS, (app.id,))
                if (await cursor.fetchone() or (False,))[0]:
                    continue
                async for stored in _store(conn, app):
                    rows += stored
                    progress.advance(bar, stored)
                loaded += 1
            progress.update(bar, description="statistics")
            await conn.execute("analyze triples")
            progress.update(bar, description="done", total=rows)
    return loaded, rows


async def _store(conn: Connection, app: SampleApp) -> AsyncIterator[int]:
    """Store one app in one transaction; yields how many triples each message took."""
    async with conn.transaction():
        await conn.execute(_TAKE_APP_LOCK, (app.id,))
        await conn.execute(_INSERT_APP, (app.id, app.title))
        await _store_attrs(conn, app)
        async with conn.cursor() as cursor, cursor.copy(_COPY_TRIPLES) as copy:
            for count, message in _messages(app):
                await copy.write(message)
                yield count
        await conn.execute(_INSERT_TRANSACTION, (app.id,))


async def _store_attrs(conn: Connection, app: SampleApp) -> None:
    async with conn.cursor() as cursor:
        await cursor.executemany(
            _INSERT_ATTR, [_attr_values(app.id, attr) for attr in app.attrs.values()]
        )
        names = [
            (attr.forward_ident, app.id, attr.id, attr.etype, attr.label)
            for attr in app.attrs.values()
        ]
        names += [
            (attr.reverse_ident, app.id, attr.id, attr.reverse_etype, attr.reverse_label)
            for attr in app.attrs.values()
            if attr.reverse_ident and attr.reverse_etype and attr.reverse_label
        ]
        await cursor.executemany(_INSERT_IDENT, names)


def _attr_values(app_id: str, attr: Attr) -> tuple[Any, ...]:
    return (
        attr.id,
        app_id,
        attr.etype,
        attr.label,
        attr.forward_ident,
        attr.value_type,
        attr.cardinality,
        attr.is_unique,
        attr.is_indexed,
        attr.reverse_etype,
        attr.reverse_label,
        attr.reverse_ident,
        attr.checked_data_type,
        attr.inferred_types,
    )


def _messages(app: SampleApp) -> Iterator[tuple[int, bytes]]:
    """COPY text of the app's triples, cut into messages, with the number of rows in each."""
    lines: list[bytes] = []
    for row in app.rows():
        lines.append(_line(app.id, row))
        if len(lines) == ROWS_PER_MESSAGE:
            yield len(lines), b"".join(lines)
            lines = []
    yield len(lines), b"".join(lines)


def _line(app_id: str, row: Row) -> bytes:
    attr = row.attr
    key = b"\\N"
    if attr.indexed and attr.checked_data_type is not None:
        key = b"\\\\x" + sort_key(row.value, attr.checked_data_type).hex().encode()
    flags = (attr.cardinality_one, attr.is_ref, attr.is_unique, attr.is_indexed, attr.is_ref)
    columns = (
        str(row.created_at_ms),
        app_id,
        row.entity_id,
        attr.id,
        *("t" if flag else "f" for flag in flags),
        attr.checked_data_type or "\\N",
    )
    value = json.dumps(row.value).replace(b"\\", b"\\\\")
    return "\t".join(columns).encode() + b"\t" + key + b"\t" + value + b"\n"
