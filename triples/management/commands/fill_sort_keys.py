"""`manage.py fill_sort_keys`: give sort keys to rows that were written behind the server's back."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from triples.management.database import connect
from triples.values.missing_keys import count_missing_keys, fill_sort_keys

BATCH_ROWS = 1_000  # rows stay locked for the length of a batch


class Command(BaseCommand):
    """Fills all apps in batches; safe to run beside a live server and to interrupt."""

    help = "Give sort keys to typed, indexed values that psql, the ORM or a restore has written."

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill until nothing is missing."""
        try:
            filled = asyncio.run(_fill_all())
        except psycopg.OperationalError as error:
            raise CommandError(f"PostgreSQL cannot be reached: {error}") from error
        self.stdout.write(f"{filled} rows got their sort key.")


async def _fill_all() -> int:
    total = 0
    async with connect() as conn:
        with Progress() as progress:
            bar = progress.add_task("sort keys", total=await count_missing_keys(conn))
            while filled := await fill_sort_keys(conn, None, BATCH_ROWS):
                total += filled
                progress.advance(bar, filled)
    return total
