"""`manage.py sweep_ephemeral`: remove ephemeral apps whose time is over, and deleted apps."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from triples.app_removal import remove_some_apps
from triples.management.database import connect


class Command(BaseCommand):
    """Does at once what a server does every hour; safe beside it, to interrupt and to repeat."""

    help = "Remove ephemeral apps whose time is over, and apps deleted some days ago."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep."""
        try:
            removed = asyncio.run(_sweep())
        except psycopg.OperationalError as error:
            raise CommandError(f"PostgreSQL cannot be reached: {error}") from error
        self.stdout.write(f"{removed} rows were removed.")


async def _sweep() -> int:
    removed = 0
    async with connect() as conn:
        with Progress() as progress:
            rows = progress.add_task("rows", total=None)
            while some := await remove_some_apps(conn):
                removed += some
                progress.advance(rows, some)
    return removed
