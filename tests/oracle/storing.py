"""Writes a `World` into the database, flags and sort keys included, as the server stores it."""

from __future__ import annotations

from typing import Any, Final

from tests.oracle.world import Triple, World
from triples.attrs.attr import Attr
from triples.sql.pool import Connection
from triples.values.sort_key import sort_key
from wire import json

_INSERT_APP: Final = "insert into apps (id, title) values (%s::uuid, 'oracle')"
_INSERT_ATTR: Final = """
insert into attrs (
  id, app_id, etype, label, forward_ident, value_type, cardinality, is_unique, is_indexed,
  reverse_etype, reverse_label, reverse_ident, checked_data_type
) values (
  %s::uuid, %s::uuid, %s, %s, %s::uuid, %s, %s, %s, %s, %s, %s, %s::uuid, %s
)
"""
_INSERT_IDENT: Final = """
insert into idents (id, app_id, attr_id, etype, label)
values (%s::uuid, %s::uuid, %s::uuid, %s, %s)
"""
_COPY_TRIPLES: Final = """
copy triples (
  created_at, app_id, entity_id, attr_id, ea, eav, av, ave, vae, checked_data_type, sort_key, value
) from stdin
"""


async def store_world(conn: Connection, world: World) -> None:
    """Store the app, its attrs and its triples in one transaction."""
    async with conn.transaction():
        await conn.execute("set local instant.computes_sort_keys = 'on'")
        await conn.execute(_INSERT_APP, (world.app_id,))
        async with conn.cursor() as cursor:
            await cursor.executemany(_INSERT_ATTR, [_attr(world, attr) for attr in world.attrs])
            await cursor.executemany(_INSERT_IDENT, _idents(world))
            async with cursor.copy(_COPY_TRIPLES) as copy:
                await copy.write(b"".join(_line(world, triple) for triple in world.triples))


def _attr(world: World, attr: Attr) -> tuple[Any, ...]:
    return (
        attr.id,
        world.app_id,
        attr.etype,
        attr.label,
        attr.forward_ident,
        attr.value_type,
        attr.cardinality,
        attr.is_unique,
        attr.is_indexed,
        attr.reverse_etype,
        attr.reverse_label,
        attr.reverse_ident,
        attr.checked_data_type,
    )


def _idents(world: World) -> list[tuple[Any, ...]]:
    forward = [
        (attr.forward_ident, world.app_id, attr.id, attr.etype, attr.label) for attr in world.attrs
    ]
    reverse = [
        (attr.reverse_ident, world.app_id, attr.id, attr.reverse_etype, attr.reverse_label)
        for attr in world.attrs
        if attr.reverse_ident
    ]
    return forward + reverse


def _line(world: World, triple: Triple) -> bytes:
    attr = world.catalog.by_id(triple.attr)
    assert attr is not None
    key = b"\\N"
    if attr.indexed and attr.checked_data_type is not None:
        key = b"\\\\x" + sort_key(triple.value, attr.checked_data_type).hex().encode()
    flags = (attr.cardinality_one, attr.is_ref, attr.is_unique, attr.is_indexed, attr.is_ref)
    columns = (
        str(triple.created_at),
        world.app_id,
        triple.entity,
        attr.id,
        *("t" if flag else "f" for flag in flags),
        attr.checked_data_type or "\\N",
    )
    value = json.dumps(triple.value).replace(b"\\", b"\\\\")
    return "\t".join(columns).encode() + b"\t" + key + b"\t" + value + b"\n"
