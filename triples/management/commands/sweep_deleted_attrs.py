"""`manage.py sweep_deleted_attrs`: remove softly deleted attrs whose days of grace are over."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import Progress

from triples.attrs.lifecycle import GRACE_DAYS, due_attrs, remove_attr
from triples.indexing.walk import count_triples
from triples.management.database import connect


class Command(BaseCommand):
    """Removes in batches; safe to run beside a live server, to interrupt and to run again."""

    help = "Remove softly deleted attrs, with their values, once their days of grace are over."

    def add_arguments(self, parser: CommandParser) -> None:
        """The length of the grace."""
        parser.add_argument("--grace-days", type=float, default=GRACE_DAYS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep all apps."""
        try:
            removed = asyncio.run(_sweep(options["grace_days"]))
        except psycopg.OperationalError as error:
            raise CommandError(f"PostgreSQL cannot be reached: {error}") from error
        self.stdout.write(f"{removed} attrs were removed.")


async def _sweep(grace_days: float) -> int:
    removed = 0
    async with connect() as conn:
        with Progress() as progress:
            for due in await due_attrs(conn, grace_days):
                name = due.label.partition("$")[2]
                count = await count_triples(conn, due.app_id, due.id)
                bar = progress.add_task(name, total=count)
                removed += await remove_attr(conn, due, partial(progress.advance, bar), grace_days)
    return removed
