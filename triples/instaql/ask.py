"""Asking a query until the answer fits the attrs and rules it was prepared with.

Both are kept by this process and may be behind the database. An answer says which ones its own
snapshot held; on others the query is prepared again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import CatalogCache
from triples.instaql.answer import Answer, PreparedQuery, Viewer, prepare_query, run_query
from triples.permissions.rules import Rules
from triples.permissions.store import EMPTY, STAMP, RulesCache
from triples.sql.pool import Connection
from wire.errors import AppDisabled, RecordNotFound

# Is the app there and readable, and which attrs and rules does it have?
_APP = f"""
select status, attrs_version, {STAMP}
from apps
where id = %s::uuid
  and deletion_marked_at is null
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a query of an app is prepared with."""

    catalog: AttrCatalog
    rules: Rules


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it was run, and its answer."""

    prepared: PreparedQuery
    answer: Answer


async def ground_of(
    conn: Connection, catalogs: CatalogCache, cache: RulesCache, app_id: str, viewer: Viewer
) -> Ground:
    """The attrs and rules of a moment ago; raises for an app that is gone or disabled."""
    row = await (await conn.execute(_APP, (app_id,))).fetchone()
    if row is None:
        raise RecordNotFound("app")
    status, attrs_version, stamp = row
    if status == "disabled":
        raise AppDisabled
    catalog = await catalogs.get(app_id)
    if catalog.version < attrs_version:
        catalogs.forget(app_id)
        catalog = await catalogs.get(app_id)
    return Ground(catalog, EMPTY if viewer.is_admin else await cache.at(conn, app_id, stamp))


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
        ground = await ground_of(conn, catalogs, cache, app_id, viewer)
        prepared = prepare_query(query, ground.catalog, viewer, ground.rules, with_rows=with_rows)
        answer = await run_query(conn, prepared)
        if prepared.is_answered_by(answer):
            return Asked(prepared, answer)
