"""System checks of what an operator can get wrong; each says how to put it right.

`bin/serve` runs them when it starts and stops at an error; `manage.py check --database default`
runs them at any time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from instant_project.env import unknown_settings

OLDEST_POSTGRES: Final = 15
NEWEST_POSTGRES: Final = 18
SHORTEST_SECRET: Final = 32
FEWEST_DIFFERENT_CHARACTERS: Final = 8

_FACTS: Final = """
select
  current_setting('server_version_num')::int / 10000,
  current_setting('wal_level'),
  (select rolreplication or rolsuper from pg_roles where rolname = current_user)
    or exists (
      select from pg_roles
      where rolname = 'rds_replication' and pg_has_role(current_user, oid, 'member')
    ),
  current_setting('max_replication_slots')::int
    - (select count(*) from pg_replication_slots)::int,
  current_setting('max_wal_senders')::int
    - (select count(*) from pg_stat_replication)::int
"""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What matters about a PostgreSQL server and the role that asks."""

    major: int
    wal_level: str
    may_replicate: bool
    free_slots: int
    free_senders: int


@register(Tags.database)
def check_database(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Ask each database and judge what it says."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        facts = read_facts(connections[alias].get_connection_params())
        messages += judge_database(facts)
    return messages


@register(Tags.security)
def check_secret_key(**_: Any) -> list[CheckMessage]:
    """Sessions of the operator site are signed with it."""
    return judge_secret_key(settings.SECRET_KEY)


@register("settings")
def check_names(**_: Any) -> list[CheckMessage]:
    """A misspelt setting is silent otherwise."""
    return [
        Warning(
            f"{name} is set, and this server knows no such setting.",
            hint="Correct its name (README.md lists all settings), or unset it.",
            id="instant.W001",
        )
        for name in unknown_settings(os.environ)
    ]


def read_facts(parameters: dict[str, Any]) -> DatabaseFacts:
    """Look at a database, over a connection of its own."""
    known = {key: parameters[key] for key in _CONNECTION_KEYS if parameters.get(key)}
    with psycopg.connect(**known) as conn:
        row = conn.execute(_FACTS).fetchone()
    assert row is not None
    return DatabaseFacts(*row)


_CONNECTION_KEYS: Final = (
    *("dbname", "host", "port", "user", "password"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey"),
)


def judge_database(facts: DatabaseFacts) -> list[CheckMessage]:
    """What is wrong with a database, in the order in which to put it right."""
    problems: list[CheckMessage] = []
    if facts.major < OLDEST_POSTGRES:
        problems.append(
            Error(
                f"The database is PostgreSQL {facts.major}; "
                f"{OLDEST_POSTGRES} to {NEWEST_POSTGRES} are supported.",
                hint="Upgrade it, or leave INSTANT_DATABASE_URL unset to use the one that comes "
                "with this server.",
                id="instant.E001",
            )
        )
    if facts.major > NEWEST_POSTGRES:
        problems.append(
            Warning(
                f"This server was not tested with PostgreSQL {facts.major}.",
                hint=f"{OLDEST_POSTGRES} to {NEWEST_POSTGRES} are tested.",
                id="instant.W002",
            )
        )
    if facts.wal_level != "logical":
        problems.append(
            Error(
                f"The database's wal_level is {facts.wal_level}; live queries need logical.",
                hint="Run `alter system set wal_level = 'logical'` as its superuser and restart "
                "PostgreSQL. Hosted databases have a switch for it (`rds.logical_replication`).",
                id="instant.E002",
            )
        )
    if not facts.may_replicate:
        problems.append(
            Error(
                "The database's user may not read its log; live queries need that.",
                hint="Run `alter role <user> replication` as a superuser "
                "(on Amazon RDS: `grant rds_replication to <user>`).",
                id="instant.E003",
            )
        )
    return problems + _judge_room(facts)


def _judge_room(facts: DatabaseFacts) -> list[CheckMessage]:
    return [
        Warning(
            f"The database has no free place under {setting}; live queries need one.",
            hint=f"Raise it (`alter system set {setting} = 20`, then restart PostgreSQL), or "
            f"end what uses it: `select * from {view}` shows that.",
            id=f"instant.{code}",
        )
        for free, setting, view, code in (
            (facts.free_slots, "max_replication_slots", "pg_replication_slots", "W003"),
            (facts.free_senders, "max_wal_senders", "pg_stat_replication", "W004"),
        )
        if free < 1
    ]


def judge_secret_key(key: str) -> list[CheckMessage]:
    """A key that can be guessed lets anybody sign in as the operator."""
    if len(key) >= SHORTEST_SECRET and len(set(key)) >= FEWEST_DIFFERENT_CHARACTERS:
        return []
    return [
        Error(
            "INSTANT_SECRET_KEY can be guessed.",
            hint=f"Use at least {SHORTEST_SECRET} random characters: `python3 -c 'import secrets; "
            "print(secrets.token_urlsafe(48))'`. Or leave it unset: the server makes one.",
            id="instant.E004",
        )
    ]
