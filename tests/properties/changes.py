"""Random changes of a stored world, made in plain SQL behind the server's back.

A change is drawn as numbers and read against what is stored when its turn comes, so that examples
shrink and none is void. Each is one transaction. What the database refuses (a second value under
a unique attr) changes nothing and is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import psycopg.errors
from hypothesis import strategies as st

from tests.oracle.world import World
from tests.properties.worlds import ETYPES, POOLS, SCALARS
from triples.attrs.attr import Attr
from triples.sql.pool import Connection
from triples.values.sort_key import sort_key
from wire import json
from wire.ids import new_id

Kind = Literal["enter", "vanish", "set", "unset", "link", "unlink", "age", "attr"]

_INSERT: Final = """
insert into triples (
  created_at, app_id, entity_id, attr_id, ea, eav, av, ave, vae, checked_data_type, sort_key, value
) values (
  %(created_at)s, %(app_id)s::uuid, %(entity_id)s::uuid, %(attr_id)s::uuid, %(one)s, %(ref)s,
  %(unique)s, %(indexed)s, %(ref)s, %(checked)s, %(sort_key)s, %(value)s::jsonb
)
on conflict do nothing
"""
_SET: Final = """
update triples set value = %(value)s::jsonb, sort_key = %(sort_key)s
where app_id = %(app_id)s::uuid and entity_id = %(entity_id)s::uuid and attr_id = %(attr_id)s::uuid
"""
_DELETE: Final = """
delete from triples
where app_id = %s::uuid and entity_id = %s::uuid and attr_id = %s::uuid and value = %s::jsonb
"""
_VANISH: Final = """
delete from triples
where app_id = %(app_id)s::uuid
  and (entity_id = %(entity_id)s::uuid or value = to_jsonb(%(entity_id)s::text))
"""
_AGE: Final = """
update triples set created_at = created_at + %s
where app_id = %s::uuid and entity_id = %s::uuid and attr_id = %s::uuid
"""
_STORED: Final = """
select entity_id::text, attr_id::text, value::text from triples where app_id = %s::uuid
order by entity_id, attr_id, value_md5
"""
_NEW_ATTR: Final = """
with attr as (
  insert into attrs (
    id, app_id, etype, label, forward_ident, value_type, cardinality, is_unique, is_indexed
  )
  values (%(id)s::uuid, %(app_id)s::uuid, %(etype)s, %(label)s, %(ident)s::uuid,
          'blob', 'one', %(unique)s, false)
  on conflict do nothing
  returning *
)
insert into idents (id, app_id, attr_id, etype, label)
select forward_ident, app_id, id, etype, label from attr
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change before it meets the data: what, and three numbers to choose by."""

    kind: Kind
    which: int
    attr: int
    value: int


changes: st.SearchStrategy[Change] = st.builds(
    Change,
    st.sampled_from(
        ("enter", "vanish", "set", "set", "set", "unset", "link", "link", "unlink", "age", "attr")
    ),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 1000),
)


class ChangingWorld:
    """A stored world that changes; it asks the database what is there."""

    def __init__(self, conn: Connection, world: World) -> None:
        self._conn = conn
        self._world = world

    async def make(self, change: Change) -> None:
        """Make the change in a transaction of its own, as `psql` would."""
        try:
            async with self._conn.transaction():
                # Half of the rows come without a sort key, as from psql; the others with it.
                keeps_keys = "on" if change.value % 2 else "off"
                await self._conn.execute(f"set local instant.computes_sort_keys = '{keeps_keys}'")
                await self._make(change)
        except psycopg.errors.UniqueViolation:
            return

    async def _make(self, change: Change) -> None:
        match change.kind:
            case "enter":
                await self._enter(change)
            case "vanish":
                if stored := await self._chosen(change):
                    values = {"app_id": self._world.app_id, "entity_id": stored[0]}
                    await self._conn.execute(_VANISH, values)
            case "set":
                await self._set(change)
            case "unset" | "unlink":
                if stored := await self._chosen(change):
                    await self._conn.execute(_DELETE, (self._world.app_id, *stored))
            case "link":
                await self._link(change)
            case "age":
                if stored := await self._chosen(change):
                    aged = (change.value - 500, self._world.app_id, stored[0], stored[1])
                    await self._conn.execute(_AGE, aged)
            case "attr":
                await self._new_attr(change)

    async def _enter(self, change: Change) -> None:
        etype = ETYPES[change.which % len(ETYPES)]
        id_attr = self._world.catalog.id_attr(etype)
        assert id_attr is not None
        entity = new_id()
        await self._insert(entity, id_attr, entity, change)
        for attr in self._world.catalog.of_etype(etype):
            if attr.is_blob and attr.label != "id":
                await self._insert(entity, attr, _value(attr, change.value), change)

    async def _set(self, change: Change) -> None:
        attr = self._attr(change, is_ref=False)
        if attr is None or not (entity := await self._member(attr.etype, change)):
            return
        value = _value(attr, change.value)
        row = self._row(entity, attr, value, change)
        if not (await self._conn.execute(_SET, row)).rowcount:
            await self._conn.execute(_INSERT, row)

    async def _link(self, change: Change) -> None:
        attr = self._attr(change, is_ref=True)
        if attr is None or attr.reverse_etype is None:
            return
        entity = await self._member(attr.etype, change)
        far = Change(change.kind, change.value, change.attr, change.which)
        target = await self._member(attr.reverse_etype, far)
        if entity and target:
            await self._insert(entity, attr, target, change)

    async def _new_attr(self, change: Change) -> None:
        """A namespace or label that a query may have named before it existed."""
        etype, label = (("zippy", "id"), *((name, "nowhere") for name in ETYPES))[change.which % 4]
        values = {
            "id": new_id(),
            "app_id": self._world.app_id,
            "etype": etype,
            "label": label,
            "ident": new_id(),
            "unique": label == "id",
        }
        await self._conn.execute(_NEW_ATTR, values)

    async def _insert(self, entity: str, attr: Attr, value: Any, change: Change) -> None:
        await self._conn.execute(_INSERT, self._row(entity, attr, value, change))

    def _row(self, entity: str, attr: Attr, value: Any, change: Change) -> dict[str, Any]:
        typed = attr.indexed and attr.checked_data_type is not None and change.value % 2
        return {
            "created_at": 1_700_000_000_000 + change.value,
            "app_id": self._world.app_id,
            "entity_id": entity,
            "attr_id": attr.id,
            "one": attr.cardinality_one,
            "ref": attr.is_ref,
            "unique": attr.is_unique,
            "indexed": attr.is_indexed,
            "checked": attr.checked_data_type,
            "sort_key": sort_key(value, attr.checked_data_type)
            if typed and attr.checked_data_type
            else None,
            "value": json.dumps(value).decode(),
        }

    def _attr(self, change: Change, *, is_ref: bool) -> Attr | None:
        found = [a for a in self._world.attrs if a.is_ref is is_ref and a.label != "id"]
        return found[change.attr % len(found)] if found else None

    async def _stored(self) -> list[tuple[str, str, str]]:
        return await (await self._conn.execute(_STORED, (self._world.app_id,))).fetchall()

    async def _chosen(self, change: Change) -> tuple[str, str, str] | None:
        stored = await self._stored()
        return stored[change.which % len(stored)] if stored else None

    async def _member(self, etype: str, change: Change) -> str | None:
        id_attr = self._world.catalog.id_attr(etype)
        found = [e for e, attr_id, _ in await self._stored() if id_attr and attr_id == id_attr.id]
        return found[change.which % len(found)] if found else None


def _value(attr: Attr, number: int) -> Any:
    pool = (*POOLS.get(attr.checked_data_type or "", SCALARS), None)
    return pool[number % len(pool)]
