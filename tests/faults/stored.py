"""What the database holds after a fault, asked in SQL and past the server."""

from __future__ import annotations

from typing import Any

import psycopg

ENTITIES = """
select t.entity_id::text, array_agg(t.value) as values
from triples t join attrs a on a.id = t.attr_id
where t.app_id = %s and a.app_id = %s and a.etype = %s and a.label = %s
group by t.entity_id
"""


def values_of(database_url: str, app_id: str, etype: str, label: str) -> dict[str, list[Any]]:
    """Every stored value of one attr, by entity."""
    with psycopg.connect(database_url) as conn:
        return dict(conn.execute(ENTITIES, [app_id, app_id, etype, label]).fetchall())


def transaction_ids(database_url: str, app_id: str) -> list[int]:
    """The committed transactions of an app, in order."""
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "select id from transactions where app_id = %s order by id", [app_id]
        ).fetchall()
    return [tx_id for (tx_id,) in rows]
