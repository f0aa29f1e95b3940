"""Reading attr catalogs from the database, and remembering the ones in use.

A catalog is read in one statement, so that its attrs and its version are of one snapshot. The
cache may be behind the database at any time: whoever runs a statement compares the
`apps.attrs_version` that came with the answer, and on a newer one forgets, gets and runs again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql import pool
from wire.errors import RecordNotFound

MAX_CATALOGS = 2_000  # a catalog of 100 attrs with its JSON is about 150 kB

# Which attrs does the app have, and at which version? One row without an attr when it has none.
_ATTRS_OF_APP: Final = """
select
  apps.attrs_version,
  attrs.id, attrs.etype, attrs.label, attrs.forward_ident, attrs.value_type, attrs.cardinality,
  attrs.is_unique, attrs.is_indexed, coalesce(attrs.is_required, false),
  attrs.reverse_etype, attrs.reverse_label, attrs.reverse_ident,
  attrs.checked_data_type, attrs.on_delete, attrs.on_delete_reverse, attrs.inferred_types,
  attrs.checking_data_type, attrs.indexing, attrs.setting_unique, 'user', attrs.metadata
from apps
left join attrs
  on attrs.app_id = apps.id
  and attrs.app_id <> %s::uuid
  and attrs.deletion_marked_at is null
where apps.id = %s::uuid
  and apps.deletion_marked_at is null
order by attrs.created_at, attrs.id
"""


async def load_catalog(conn: pool.Connection, app_id: str) -> AttrCatalog:
    """The app's live attrs with the system attrs; raises `RecordNotFound` without a live app."""
    cursor = await conn.execute(_ATTRS_OF_APP, (SYSTEM_APP_ID, app_id))
    rows = await cursor.fetchall()
    if not rows:
        raise RecordNotFound("app")
    version: int = rows[0][0]
    return AttrCatalog(app_id, version, [_attr(row) for row in rows if row[1] is not None])


def _attr(row: Sequence[Any]) -> Attr:
    return Attr(*row[1:])


class CatalogCache:
    """The most recently used catalogs of this process, each loaded by one task at a time.

    Whoever asks for an app that is being loaded waits for the same load. `forget` also disowns
    a load under way, since it may have read before the change that made its caller forget.
    """

    def __init__(self, max_catalogs: int = MAX_CATALOGS) -> None:
        self._max_catalogs = max_catalogs
        self._catalogs: OrderedDict[str, AttrCatalog] = OrderedDict()
        self._loads: dict[str, asyncio.Task[AttrCatalog]] = {}

    async def get(self, app_id: str) -> AttrCatalog:
        """The app's catalog; raises `RecordNotFound` without a live app."""
        if catalog := self._catalogs.get(app_id):
            self._catalogs.move_to_end(app_id)
            return catalog
        load = self._loads.get(app_id)
        if load is None:
            load = asyncio.create_task(self._load(app_id), name=f"load attrs of {app_id}")
            self._loads[app_id] = load
        # One waiter that gives up must not take the load away from the others.
        return await asyncio.shield(load)

    def forget(self, app_id: str) -> None:
        """Read the app's attrs anew when they are next asked for."""
        self._catalogs.pop(app_id, None)
        self._loads.pop(app_id, None)

    def clear(self) -> None:
        """Forget every app's attrs."""
        self._catalogs.clear()
        self._loads.clear()

    async def _load(self, app_id: str) -> AttrCatalog:
        this_load = asyncio.current_task()
        try:
            async with pool.aside() as conn:  # its caller may hold a connection already
                catalog = await load_catalog(conn, app_id)
            if self._loads.get(app_id) is this_load:
                self._remember(catalog)
            return catalog
        finally:
            if self._loads.get(app_id) is this_load:
                del self._loads[app_id]

    def _remember(self, catalog: AttrCatalog) -> None:
        self._catalogs[catalog.app_id] = catalog
        while len(self._catalogs) > self._max_catalogs:
            self._catalogs.popitem(last=False)
