"""How a write starts: it takes the app's lock, then learns whether it may go on, with which attrs.

The lock is held to the commit, so what is read after it stays true, and tx ids are in commit order.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql.pool import Connection
from triples.transact.author import Author
from wire.errors import AppDisabled, AppReadOnly, PermissionEvaluationFailed, RecordNotFound

MAX_CATALOGS: Final = 2_000  # as many as the readers keep

# Planned as a loop over the given rows, whatever the statistics of all tenants together say.
_BEGIN: Final = """
select
  pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 0)),
  set_config('instant.computes_sort_keys', 'on', true),
  set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true)
"""
# Is there such an app, what may it do, which attrs has it, and was this event answered before?
_STATE: Final = """
select
  status,
  attrs_version,
  exists (
    select from rules where rules.app_id = apps.id and rules.code not in ('{}', 'null')
  ),
  (
    select transactions.id from transactions
    where transactions.app_id = apps.id
      and transactions.client_event_hash = %s
      and transactions.identity_hash = %s
  )
from apps
where id = %s::uuid and id <> %s::uuid and deletion_marked_at is null
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Which client event a write answers, as it is stored."""

    event_hash: bytes | None
    identity_hash: bytes | None

    @classmethod
    def of(cls, client_event_id: str | None, author: Author) -> Event:
        """The event of an author; one without an id is never a repetition."""
        if client_event_id is None:
            return cls(None, None)
        return cls(_hash(client_event_id), _hash(author.identity()))


@dataclass(frozen=True, slots=True)
class Started:
    """The app's attrs, or the tx id with which this event was answered before."""

    catalog: AttrCatalog
    repeated_tx_id: int | None


_catalogs: OrderedDict[str, AttrCatalog] = OrderedDict()


async def begin(conn: Connection, app_id: str, author: Author, event: Event) -> Started:
    """Lock the app and read its state; raises what forbids a write to it."""
    await conn.execute(_BEGIN, (app_id,))
    values = (event.event_hash, event.identity_hash, app_id, SYSTEM_APP_ID)
    row = await (await conn.execute(_STATE, values)).fetchone()
    if row is None:
        raise RecordNotFound("app")
    status, version, has_rules, repeated_tx_id = row
    if status == "disabled":
        raise AppDisabled
    if status == "read-only":
        raise AppReadOnly
    if has_rules and not author.is_admin:
        raise PermissionEvaluationFailed(
            "This server cannot evaluate the app's permission rules, so only admins may write."
        )
    return Started(await _catalog(conn, app_id, version), repeated_tx_id)


async def _catalog(conn: Connection, app_id: str, version: int) -> AttrCatalog:
    known = _catalogs.get(app_id)
    if known is None or known.version != version:
        known = _catalogs[app_id] = await load_catalog(conn, app_id)
    _catalogs.move_to_end(app_id)
    while len(_catalogs) > MAX_CATALOGS:
        _catalogs.popitem(last=False)
    return known


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
