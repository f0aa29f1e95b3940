"""How a write starts: it takes the app's lock, then learns whether it may go on, with which attrs.

The lock is held to the commit, so what is read after it stays true, and tx ids are in commit order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.permissions.rules import Rules
from triples.permissions.store import EMPTY, RULES
from triples.sql.pool import Connection
from triples.transact.existence import (
    Existence,
    asked_for,
    existence_of,
    existence_values,
)
from triples.transact.request import Request
from wire.errors import AppDisabled, AppReadOnly, RecordNotFound

MAX_CATALOGS: Final = 2_000  # as many as the readers keep

_BEGIN: Final = """
select app_status, catalog_version, rules_stamp, answered, existing
from instant_begin_write(
  %(app_id)s::uuid, %(event_hashes)s::uuid[], %(members)s::json, %(etypes)s::jsonb
)
"""


@dataclass(frozen=True, slots=True)
class Started:
    """The app's attrs and rules, and the tx ids with which the events were answered before."""

    catalog: AttrCatalog
    rules: Rules
    answered: Sequence[int]
    existence: Existence


_catalogs: OrderedDict[str, AttrCatalog] = OrderedDict()


async def begin(conn: Connection, request: Request) -> Started:
    """Open a transaction, lock the app and read its state; raises what forbids a write to it.

    What the steps will ask of the stored entities is read along, by the attrs as they were last
    known; if those have changed since, it is asked again later.
    """
    app_id = request.app_id
    known = _catalogs.get(app_id)
    pairs = [] if known is None else asked_for(request.steps, known)
    values = {
        "app_id": app_id,
        "event_hashes": request.event_hashes,
        **existence_values(pairs, known),
    }
    row = await _first_row(conn, values)
    if row is None:
        raise RecordNotFound("app")
    status, version, rules_stamp, answered, found = row
    if status == "disabled":
        raise AppDisabled
    if status == "read-only":
        raise AppReadOnly
    catalog = await _catalog(conn, app_id, version)
    existence = existence_of(pairs, found) if catalog is known else {}
    # No rule is asked about an admin, so none is loaded.
    rules = EMPTY if request.author.is_admin else await RULES.at(conn, app_id, rules_stamp)
    return Started(catalog, rules, answered, existence)


async def _first_row(conn: Connection, values: dict[str, Any]) -> TupleRow | None:
    """Read the state, in a new transaction unless the caller has one."""
    cursor = psycopg.AsyncClientCursor(conn)
    if conn.info.transaction_status != TransactionStatus.IDLE:
        await cursor.execute(_BEGIN, values)
    else:
        # The simple query protocol takes both statements in one round trip.
        await cursor.execute(f"begin;{_BEGIN}", values)
        cursor.nextset()
    return await cursor.fetchone()


async def _catalog(conn: Connection, app_id: str, version: int) -> AttrCatalog:
    known = _catalogs.get(app_id)
    if known is None or known.version != version:
        known = _catalogs[app_id] = await load_catalog(conn, app_id)
    _catalogs.move_to_end(app_id)
    while len(_catalogs) > MAX_CATALOGS:
        _catalogs.popitem(last=False)
    return known
