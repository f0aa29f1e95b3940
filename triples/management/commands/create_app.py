"""`manage.py create_app`: make an app that stays, and print its admin token this once."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triples import tenants
from triples.management.database import connect


class Command(BaseCommand):
    """Prints `app id` and `admin token`; only a hash of the token is stored."""

    help = "Make an app. Its admin token is printed once and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--title` names the app."""
        parser.add_argument("--title", required=True, help="what the operator site calls it")

    def handle(self, *args: Any, title: str, **options: Any) -> None:
        """Make the app and print both lines."""
        if not title.strip():
            raise CommandError("A title needs at least one character.")
        new = asyncio.run(_create(title.strip()))
        self.stdout.write(f"app id       {new.app.id}")
        self.stdout.write(f"admin token  {new.admin_token}")


async def _create(title: str) -> tenants.NewApp:
    try:
        async with connect() as conn:
            return await tenants.create_app(conn, title)
    except psycopg.OperationalError as error:
        raise CommandError(f"PostgreSQL cannot be reached: {error}") from error
