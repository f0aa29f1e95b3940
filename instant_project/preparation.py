"""What a database needs before it is served: its tables, and an operator who can sign in.

Both are looked for with two cheap questions. Only where something is missing, a process of its own
does it, so that a server which has nothing to prepare starts fast and never loads the machinery.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
from django.apps import apps

from instant_project.env import PROJECT_DIR

_LOCK: Final = 0x696E7374  # any number, the same in every server: one prepares, others wait
_HAS_TABLE: Final = "select to_regclass(%s) is not null"
_APPLIED: Final = "select app, name from django_migrations"
_HAS_OPERATOR: Final = "select exists (select from auth_user where is_superuser)"


class PreparationFailed(Exception):
    """A command ended badly; it has said why."""


def prepare_database(database_url: str, tell: Callable[[str], None]) -> None:
    """Migrate and make the operator's login, as far as either is missing."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(%s)", [_LOCK])
        missing = missing_migrations(conn)
        if missing:
            steps = "1 step" if len(missing) == 1 else f"{len(missing)} steps"
            tell(f"Preparing the tables ({steps})")
            _manage("migrate", "--no-input", "--verbosity", "1")
        if not _is_true(conn, _HAS_OPERATOR):
            _manage("create_operator")


def missing_migrations(conn: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    """Migrations on disk that the database does not know, as (app, name)."""
    wanted = {
        (config.label, file.stem)
        for config in apps.get_app_configs()
        for file in Path(config.path, "migrations").glob("[!_]*.py")
    }
    if not _is_true(conn, _HAS_TABLE, "django_migrations"):
        return wanted
    return wanted - set(conn.execute(_APPLIED).fetchall())


def _is_true(conn: psycopg.Connection[Any], question: str, *values: str) -> bool:
    row = conn.execute(question, values).fetchone()
    return bool(row and row[0])


def _manage(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT_DIR, check=False)
    if done.returncode != 0:
        raise PreparationFailed(f"`manage.py {arguments[0]}` failed; what it said is above.")
