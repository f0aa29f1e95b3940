"""Asking a query until the answer fits the attrs and rules it was prepared with.

Both are kept by this process and may be behind the database. An answer says which ones its own
snapshot held; on others the query is prepared again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import CatalogCache
from triples.instaql.answer import Answer, PreparedQuery, Viewer, prepare_query, run_query
from triples.permissions.rules import Rules
from triples.permissions.store import EMPTY, STAMP, RulesCache
from triples.sql.pool import Connection
from wire.errors import InstantError

# Which attrs and rules does the app have now?
_STORED: Final = f"select attrs_version, {STAMP} from apps where id = %s::uuid"


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
        try:
            prepared = prepare_query(query, catalog, viewer, rules, with_rows=with_rows)
            answer = await run_query(conn, prepared)
        except InstantError:
            # A refusal says nothing of its snapshot; it may be one by rules that are gone.
            if await _are_newest(conn, catalog, rules, viewer):
                raise
            catalogs.forget(app_id)
            cache.forget(app_id)
            continue
        if prepared.is_answered_by(answer):
            return Asked(prepared, answer)
        if answer.attrs_version != catalog.version:
            catalogs.forget(app_id)
        if not viewer.is_admin and answer.rules_stamp != rules.stamp:
            cache.forget(app_id)


async def _are_newest(conn: Connection, catalog: AttrCatalog, rules: Rules, viewer: Viewer) -> bool:
    stored = await (await conn.execute(_STORED, (catalog.app_id,))).fetchone()
    if stored is None:
        return True
    attrs_version, stamp = stored
    return attrs_version == catalog.version and (viewer.is_admin or stamp == rules.stamp)
