"""Keeps what PostgreSQL knows of a table's contents in step with a table that grows.

A plan that was made while a table was empty compares nothing but ties, and connections keep their
plans: with a few hundred rows such a plan is quadratic. `analyze` brings new numbers and new plans,
but autovacuum comes by once a minute, which is long for an app's first import. So a table is
analyzed here whenever it has doubled; a large one hardly ever does, and is autovacuum's.
"""

from __future__ import annotations

from typing import Final

from psycopg import sql

from triples.sql.pool import Connection

# Which of our tables have doubled since they were analyzed? Four pages hold 250 triples.
_GROWN: Final = """
select relname from pg_class
where relnamespace = current_schema()::regnamespace and relkind = 'r'
  and pg_has_role(relowner, 'usage')
  and pg_relation_size(oid) / current_setting('block_size')::int > 2 * greatest(relpages, 0) + 4
order by relname
"""
# Autovacuum would give up its work for us; whoever holds the table now may be analyzing it.
_ANALYZE: Final = sql.SQL("analyze (skip_locked) {}")


async def analyze_grown_tables(conn: Connection) -> int:
    """Analyze each table that has doubled; says how many were. A chore (`triples.housekeeping`)."""
    grown = await _grown_tables(conn)
    for name in grown:
        async with conn.transaction():
            await conn.execute("set local statement_timeout = 0")  # it reads a bounded sample
            await conn.execute(_ANALYZE.format(sql.Identifier(name)))
    return len(grown - await _grown_tables(conn)) if grown else 0


async def _grown_tables(conn: Connection) -> frozenset[str]:
    rows = await (await conn.execute(_GROWN)).fetchall()
    return frozenset(name for (name,) in rows)
