"""The sample apps' data once more, as a developer without an engine would keep it.

One table an etype, columns of plain types, `app_id` first in every key, and the indexes that the
questions want. They are built from the triples, in a schema of their own.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

SCHEMA: Final = "ordinary"

Conn = psycopg.Connection[Any]

# label → SQL type, for each etype; links with one end are columns too
_TABLES: Final[dict[str, dict[str, str]]] = {
    "users": {
        "name": "text",
        "email": "text",
        "age": "int",
        "joinedAt": "bigint",
        "isAdmin": "boolean",
        "bio": "text",
    },
    "posts": {
        "title": "text",
        "slug": "text",
        "body": "text",
        "score": "float8",
        "publishedAt": "text",
        "isDraft": "boolean",
        "author": "uuid",
    },
    "comments": {"text": "text", "writtenAt": "bigint", "post": "uuid", "author": "uuid"},
    "tags": {"name": "text"},
}
_INDEXES: Final = (
    "create unique index on {schema}.users (app_id, email)",
    "create unique index on {schema}.posts (app_id, slug)",
    "create index on {schema}.posts (app_id, score, id)",
    "create index on {schema}.posts (app_id, author)",
    "create index on {schema}.posts (app_id, created_at, id)",
    "create index on {schema}.comments (app_id, post)",
    "create index on {schema}.comments (app_id, author)",
    "create index on {schema}.users (app_id, created_at, id)",
)


def build(conn: Conn) -> None:
    """Build the tables anew from what is stored."""
    conn.execute(f"drop schema if exists {SCHEMA} cascade")
    conn.execute(f"create schema {SCHEMA}")
    for etype, columns in _TABLES.items():
        conn.execute(_create(etype, columns), {"etype": etype})
        conn.execute(f"alter table {SCHEMA}.{etype} add primary key (app_id, id)")
    for index in _INDEXES:
        conn.execute(index.format(schema=SCHEMA))
    for etype in _TABLES:
        conn.execute(f"vacuum analyze {SCHEMA}.{etype}")


def is_built(conn: Conn) -> bool:
    """Whether a former run left the tables."""
    row = conn.execute("select to_regclass(%s)", (f"{SCHEMA}.tags",)).fetchone()
    return row is not None and row[0] is not None


def _create(etype: str, columns: dict[str, str]) -> str:
    """One pass over the etype's triples, turned by label; names are this module's own."""
    turned = ",\n".join(
        f"max(t.value #>> '{{}}') filter (where a.label = '{label}')::{type} as {label.lower()}"
        for label, type in columns.items()
    )
    return f"""
create table {SCHEMA}.{etype} as
select
  t.app_id, t.entity_id as id,
  max(t.created_at) filter (where a.label = 'id') as created_at,
  {turned}
from triples t
join attrs a on a.id = t.attr_id and a.app_id = t.app_id
where a.etype = %(etype)s
group by t.app_id, t.entity_id
"""
