"""Deleting entities: which ones a step means, what follows by cascade, and the removal (§5.5).

An entity is deleted from an etype: triples of other etypes under the same id stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from triples.attrs.attr import Attr
from triples.attrs.write import deleted_attrs
from triples.transact.lookups import lookups_of, resolve
from triples.transact.steps import DeleteEntity
from triples.transact.work import Work
from wire import json

Doomed = tuple[str, str]
"""An entity and the etype it is deleted from."""

# In which attrs do these entities have triples?
_ATTRS_OF_ENTITIES: Final = """
select distinct entity_id, attr_id
from triples
where app_id = %s::uuid and entity_id = any(%s::uuid[])
"""

# Which entities follow, link by link, until no new one is found?
_CASCADE: Final = """
with recursive
cascading as (
  select * from json_to_recordset(%(attrs)s::json)
    as attr (a uuid, owner text, target text, with_target boolean, with_owner boolean)
),
doomed (root, entity_id, etype) as (
  select i, e, t from json_to_recordset(%(doomed)s::json) as given (i int, e uuid, t text)
  union
  select doomed.root, following.entity_id, following.etype
  from doomed
  cross join lateral (
    select triples.entity_id, cascading.owner as etype
    from cascading
    join triples
      on triples.app_id = %(app_id)s::uuid
      and triples.vae
      and triples.ref = doomed.entity_id
      and triples.attr_id = cascading.a
    where cascading.with_target and cascading.target = doomed.etype
    union all
    select triples.ref, cascading.target
    from cascading
    join triples
      on triples.app_id = %(app_id)s::uuid
      and triples.entity_id = doomed.entity_id
      and triples.attr_id = cascading.a
      and triples.ref is not null
    where cascading.with_owner and cascading.owner = doomed.etype
  ) as following
)
select root, entity_id, etype from doomed
"""

# Their own triples, and the links that point at them. Looked up one by one, by entity or target.
_DELETE: Final = """
with
doomed as materialized (
  select * from json_to_recordset(%(doomed)s::json) as given (e uuid, t text)
),
gone as (
  select own.ctid
  from doomed
  cross join lateral (
    select triples.ctid from triples
    where triples.app_id = %(app_id)s::uuid
      and triples.entity_id = doomed.e
      and %(own)s::jsonb ->> triples.attr_id::text = doomed.t
    offset 0
  ) as own
  union
  select pointing.ctid
  from doomed
  cross join lateral (
    select triples.ctid from triples
    where triples.app_id = %(app_id)s::uuid
      and triples.vae
      and triples.ref = doomed.e
      and %(pointing)s::jsonb ->> triples.attr_id::text = doomed.t
    offset 0
  ) as pointing
)
delete from triples
where app_id = %(app_id)s::uuid and ctid = any(array(select ctid from gone))
returning entity_id, attr_id
"""


async def named_by(work: Work, steps: Sequence[DeleteEntity]) -> list[Doomed]:
    """The entities that steps name, and their etypes; unknown lookups name nobody."""
    await resolve(work, lookups_of(steps, work.attrs_by_id()))
    named: dict[Doomed, None] = {}
    anywhere: dict[str, None] = {}
    for step in steps:
        entity_id = work.entity(step.entity)
        if entity_id is not None and step.etype is not None:
            named[entity_id, step.etype] = None
        elif entity_id is not None:
            anywhere[entity_id] = None
    if anywhere:
        values = (work.app_id, list(anywhere))
        cursor = await work.conn.execute(_ATTRS_OF_ENTITIES, values)
        for entity_id, attr_id in await cursor.fetchall():
            if (attr := work.catalog.by_id(attr_id)) is not None:
                named[entity_id, attr.etype] = None
    return list(named)


async def with_cascades(
    work: Work, doomed: Sequence[Doomed], *, by_root: bool
) -> dict[Doomed, list[Doomed]]:
    """Every entity that goes, the given ones first, with those of the given that it follows.

    Whom it follows is looked for only where `by_root` asks for it.
    """
    attrs = [
        {
            "a": attr.id,
            "owner": attr.etype,
            "target": attr.reverse_etype,
            "with_target": attr.on_delete == "cascade",
            "with_owner": attr.on_delete_reverse == "cascade",
        }
        for attr in work.catalog.attrs
        if attr.is_ref and (attr.on_delete or attr.on_delete_reverse)
    ]
    etypes = {etype for _, etype in doomed}
    if not any(attr["owner"] in etypes or attr["target"] in etypes for attr in attrs):
        return {one: [one] for one in doomed}
    roots = [
        {"i": i if by_root else 0, "e": entity_id, "t": etype}
        for i, (entity_id, etype) in enumerate(doomed)
    ]
    values = {
        "app_id": work.app_id,
        "attrs": json.dumps(attrs).decode(),
        "doomed": json.dumps(roots).decode(),
    }
    followed: dict[Doomed, list[Doomed]] = {one: [one] for one in doomed}
    cursor = await work.conn.execute(_CASCADE, values)
    for root, entity_id, etype in await cursor.fetchall():
        roots_of = followed.setdefault((entity_id, etype), [])
        if by_root and doomed[root] not in roots_of:
            roots_of.append(doomed[root])
    return followed


async def delete(work: Work, doomed: Sequence[Doomed]) -> None:
    """Remove the entities' triples and the links to them, those of hidden attrs too."""
    etypes = {etype for _, etype in doomed}
    hidden = await deleted_attrs(work.conn, work.app_id)
    own = [(attr.id, attr.etype) for attr in work.catalog.attrs]
    own += [(attr.id, attr.etype) for attr in hidden]
    pointing = [(attr.id, attr.reverse_etype) for attr in _links(work.catalog.attrs)]
    pointing += [(attr.id, attr.reverse_etype) for attr in hidden if attr.reverse_etype]
    values = {
        "app_id": work.app_id,
        "doomed": _wire(doomed),
        "own": _attrs_wire(own, etypes),
        "pointing": _attrs_wire(pointing, etypes),
    }
    cursor = await work.conn.execute(_DELETE, values)
    work.touched.update(await cursor.fetchall())


def _links(attrs: Iterable[Attr]) -> Iterable[Attr]:
    return (attr for attr in attrs if attr.is_ref)


def _wire(doomed: Iterable[Doomed]) -> str:
    return json.dumps([{"e": entity_id, "t": etype} for entity_id, etype in doomed]).decode()


def _attrs_wire(attrs: Iterable[tuple[str, str | None]], etypes: set[str]) -> str:
    return json.dumps({i: etype for i, etype in attrs if etype in etypes}).decode()
