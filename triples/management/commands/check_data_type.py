"""`manage.py check_data_type`: hold all values of an attr, stored and new, to one type."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triples.management.jobs import do_job


class Command(BaseCommand):
    """Checks first; an attr with other values keeps its type. Safe to interrupt and to repeat."""

    help = "Give an attr a checked type, unless it has values of another."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which attr of which app, and the type."""
        parser.add_argument("app_id")
        parser.add_argument("attr", help="etype.label")
        parser.add_argument("type", choices=("string", "number", "boolean", "date"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the job."""
        job = do_job(options["app_id"], options["attr"], "check-data-type", options["type"])
        if job["error"]:
            entities = [sample["entity_id"] for sample in job["invalid_triples_sample"] or []]
            at_fault = f"; see the entities {', '.join(entities)}" if entities else ""
            raise CommandError(
                f"{options['attr']} is no {options['type']}: {job['error']}{at_fault}"
            )
        self.stdout.write(f"Every value of {options['attr']} is a {options['type']}.")
