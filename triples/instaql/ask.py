"""Asking a query until the answer fits the attrs and rules it was prepared with.

Both are kept by this process and may be behind the database. An answer says which ones its own
snapshot held; on others the query is prepared again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triples.attrs.store import CatalogCache
from triples.instaql.answer import Answer, PreparedQuery, Viewer, prepare_query, run_query
from triples.permissions.store import EMPTY, RulesCache
from triples.sql.pool import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it was run, and its answer."""

    prepared: PreparedQuery
    answer: Answer


async def ask(
    conn: Connection,
    catalogs: CatalogCache,
    cache: RulesCache,
    app_id: str,
    query: dict[str, Any],
    viewer: Viewer,
    *,
    with_rows: bool = False,
) -> Asked:
    """The answer as the viewer may see it; raises as `prepare_query` and `run_query`."""
    while True:
        catalog = await catalogs.get(app_id)
        rules = EMPTY if viewer.is_admin else await cache.get(app_id)
        prepared = prepare_query(query, catalog, viewer, rules, with_rows=with_rows)
        answer = await run_query(conn, prepared)
        if prepared.is_answered_by(answer):
            return Asked(prepared, answer)
        if answer.attrs_version != catalog.version:
            catalogs.forget(app_id)
        if not viewer.is_admin and answer.rules_stamp != rules.stamp:
            cache.forget(app_id)
