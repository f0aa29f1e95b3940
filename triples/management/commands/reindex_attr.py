"""`manage.py reindex_attr`: make the triples of an indexed attr agree with it once more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triples.management.jobs import do_job


class Command(BaseCommand):
    """Indexes the attr, whether it was indexed or not; safe to interrupt and to run again."""

    help = "Index an attr: flags, sort keys, and nulls for entities that lack a value."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which attr of which app."""
        parser.add_argument("app_id")
        parser.add_argument("attr", help="etype.label")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the job."""
        job = do_job(options["app_id"], options["attr"], "index")
        if job["error"]:
            raise CommandError(f"{options['attr']} cannot be indexed: {job['error']}")
        self.stdout.write(f"{options['attr']} is indexed.")
