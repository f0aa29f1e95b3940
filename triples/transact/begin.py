"""How a write starts: it takes the app's lock, then learns whether it may go on, with which attrs.

The lock is held to the commit, so what is read after it stays true, and tx ids are in commit order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql.pool import Connection
from triples.transact.author import Author
from triples.transact.event import Event
from triples.transact.existence import (
    EXISTING,
    Existence,
    asked_for,
    existence_of,
    existence_values,
)
from triples.transact.steps import Step
from wire.errors import AppDisabled, AppReadOnly, PermissionEvaluationFailed, RecordNotFound

MAX_CATALOGS: Final = 2_000  # as many as the readers keep

# Every statement of a write is planned once a connection, as a loop over the rows it is given:
# statistics of all tenants together say nothing about one, and planning costs more than running.
_BEGIN: Final = """
select
  pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 0)),
  set_config('instant.computes_sort_keys', 'on', true),
  set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true),
  set_config('enable_material', 'off', true),
  set_config('plan_cache_mode', 'force_generic_plan', true)
"""
# Is there such an app, what may it do, which attrs has it, was this event answered before, and
# which of the entities that the steps create or update are there?
_STATE: Final = f"""
select
  status,
  attrs_version,
  exists (
    select from rules where rules.app_id = apps.id and rules.code not in ('{{}}', 'null')
  ),
  (
    select transactions.id from transactions
    where transactions.app_id = apps.id
      and transactions.client_event_hash = %(event_hash)s
      and transactions.identity_hash = %(identity_hash)s
  ),
  array({EXISTING})
from apps
where id = %(app_id)s::uuid and id <> %(system_app_id)s::uuid and deletion_marked_at is null
"""


@dataclass(frozen=True, slots=True)
class Started:
    """The app's attrs, or the tx id with which this event was answered before."""

    catalog: AttrCatalog
    repeated_tx_id: int | None
    existence: Existence


_catalogs: OrderedDict[str, AttrCatalog] = OrderedDict()


async def begin(
    conn: Connection, app_id: str, author: Author, event: Event, steps: Sequence[Step]
) -> Started:
    """Lock the app and read its state; raises what forbids a write to it.

    What the steps will ask of the stored entities is read along, by the attrs as they were last
    known; if those have changed since, it is asked again later.
    """
    await conn.execute(_BEGIN, (app_id,))
    known = _catalogs.get(app_id)
    pairs = [] if known is None else asked_for(steps, known)
    values = {
        "event_hash": event.event_hash,
        "identity_hash": event.identity_hash,
        "app_id": app_id,
        "system_app_id": SYSTEM_APP_ID,
        **existence_values(pairs, known),
    }
    row = await (await conn.execute(_STATE, values)).fetchone()
    if row is None:
        raise RecordNotFound("app")
    status, version, has_rules, repeated_tx_id, found = row
    if status == "disabled":
        raise AppDisabled
    if status == "read-only":
        raise AppReadOnly
    if has_rules and not author.is_admin:
        raise PermissionEvaluationFailed(
            "This server cannot evaluate the app's permission rules, so only admins may write."
        )
    catalog = await _catalog(conn, app_id, version)
    existence = existence_of(pairs, found) if catalog is known else {}
    return Started(catalog, repeated_tx_id, existence)


async def _catalog(conn: Connection, app_id: str, version: int) -> AttrCatalog:
    known = _catalogs.get(app_id)
    if known is None or known.version != version:
        known = _catalogs[app_id] = await load_catalog(conn, app_id)
    _catalogs.move_to_end(app_id)
    while len(_catalogs) > MAX_CATALOGS:
        _catalogs.popitem(last=False)
    return known
