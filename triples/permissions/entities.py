"""Entities as rules see them: their values of cardinality one, by label (§13.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from triples.attrs.catalog import AttrCatalog
from triples.sql.pool import Connection
from wire import json

Member = tuple[str, str]
"""An entity and an etype."""
Entity = dict[str, Any]

# What do these entities hold? Their triples are read once, and then picked by the attr's etype.
_VALUES: Final = """
select wanted.i, own.attr_id, own.value, own.created_at
from json_to_recordset(%(members)s::json) as wanted (i int, e uuid, t text)
cross join lateral (
  select triples.attr_id, triples.value, triples.created_at
  from triples
  where triples.app_id = %(app_id)s::uuid
    and triples.entity_id = wanted.e
    and triples.ea
    and %(etypes)s::jsonb ->> triples.attr_id::text = wanted.t
  offset 0
) as own
"""


async def load_entities(
    conn: Connection, app_id: str, catalog: AttrCatalog, members: Iterable[Member]
) -> dict[Member, Entity]:
    """Those of the entities that exist, in one statement; one does if it has any such value."""
    entities, _ = await load_with_auth(conn, app_id, catalog, members, None)
    return entities


async def load_with_auth(
    conn: Connection,
    app_id: str,
    catalog: AttrCatalog,
    members: Iterable[Member],
    user_id: str | None,
) -> tuple[dict[Member, Entity], Entity]:
    """Entities as `load_entities` has them, and `auth` in the same statement.

    `auth` is the user's own row and what is known of it besides; empty when signed out.
    """
    user = [] if user_id is None else [(user_id, "$users")]
    asked = list(dict.fromkeys([*members, *user]))
    if not asked:
        return {}, {}
    wanted = [{"i": i, "e": entity, "t": etype} for i, (entity, etype) in enumerate(asked)]
    etypes = {a.id: t for t in {etype for _, etype in asked} for a in catalog.of_etype(t)}
    values = {
        "app_id": app_id,
        "members": json.dumps(wanted).decode(),
        "etypes": json.dumps(etypes).decode(),
    }
    found: dict[Member, Entity] = {}
    created_ms: dict[Member, int] = {}
    for i, attr_id, value, written_ms in await (await conn.execute(_VALUES, values)).fetchall():
        member = asked[i]
        entity = found.setdefault(member, {"id": member[0]})
        attr = catalog.by_id(attr_id)
        if attr is not None and attr.label == "id":
            created_ms[member] = written_ms
        elif attr is not None:
            entity[attr.label] = value
    if not user or user[0] not in found:
        return found, {}
    return found, auth_of(app_id, found[user[0]], created_ms.get(user[0], 0))


def auth_of(app_id: str, user: Entity, created_ms: int) -> Entity:
    """`auth`: the own row of a user, and what is known of them besides."""
    created = datetime.fromtimestamp(created_ms / 1000, UTC)
    return {
        **user,
        "isGuest": user.get("type") == "guest",
        "app_id": app_id,
        "created_at": f"{created:%Y-%m-%dT%H:%M:%SZ}",
    }
