"""The values of `ref`s: what stands at the end of a path of links, for many entities at once.

Paths are followed as an admin would see them; view rules do not matter (§13.4). All paths of
a round are one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog, Direction
from triples.permissions.scope import RefKey
from triples.permissions.values import RefValues
from triples.sql.fragment import Fragment
from triples.sql.pool import Connection
from wire.errors import RecordNotFound, ValidationFailed

# One hop along a link, from the entities of the step before.
_FORWARD: Final = """
  join triples as {step}
    on {step}.app_id = {first}.app_id
    and {step}.entity_id = {before}
    and {step}.attr_id = %s::uuid
    and {step}.ref is not null"""
_REVERSE: Final = """
  join triples as {step}
    on {step}.app_id = {first}.app_id
    and {step}.vae
    and {step}.ref = {before}
    and {step}.attr_id = %s::uuid"""
_VALUE: Final = """
  join triples as {step}
    on {step}.app_id = {first}.app_id
    and {step}.entity_id = {before}
    and {step}.attr_id = %s::uuid"""


async def load_refs(
    conn: Connection, app_id: str, catalog: AttrCatalog, keys: Iterable[RefKey]
) -> dict[RefKey, RefValues]:
    """The values of every key, an empty list where there are none.

    Raises `RecordNotFound` for a label that does not exist, and `ValidationFailed` for a path
    that does not go along links to a property.
    """
    found = {key: RefValues() for key in keys}
    entities: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for etype, entity_id, path in found:
        entities[etype, path].append(entity_id)
    asked = list(entities.items())
    if not asked:
        return found
    parts = [
        _path(app_id, i, ids, _hops(catalog, etype, path))
        for i, ((etype, path), ids) in enumerate(asked)
    ]
    text = "\nunion all\n".join(part.text for part in parts)
    values = [value for part in parts for value in part.values]
    for i, entity_id, value in await (await conn.execute(text, values)).fetchall():
        (etype, path), _ = asked[i]
        found[etype, entity_id, path].append(value)
    return found


def _path(
    app_id: str, i: int, entity_ids: list[str], hops: list[tuple[Attr, Direction | None]]
) -> Fragment:
    text = f"""
select {i}, start.entity_id, step{len(hops) - 1}.value
from (
  select %s::uuid as app_id, unnest(%s::uuid[]) as entity_id
) as start"""
    values: list[object] = [app_id, entity_ids]
    before = "start.entity_id"
    for number, (attr, direction) in enumerate(hops):
        step = f"step{number}"
        join = {"forward": _FORWARD, "reverse": _REVERSE, None: _VALUE}[direction]
        text += join.format(step=step, first="start", before=before)
        values.append(attr.id)
        before = f"{step}.ref" if direction == "forward" else f"{step}.entity_id"
    return Fragment(text, tuple(values))


def _hops(
    catalog: AttrCatalog, etype: str, path: tuple[str, ...]
) -> list[tuple[Attr, Direction | None]]:
    """The path's attrs, with the direction of its links; the last one is the property."""
    hops: list[tuple[Attr, Direction | None]] = []
    for label in path[:-1]:
        attr, direction = _resolved(catalog, etype, label)
        target = attr.reverse_etype if direction == "forward" else attr.etype
        if not attr.is_ref or target is None:
            raise _wrong(path, f"{etype}.{label} needs to be a link")
        hops.append((attr, direction))
        etype = target
    attr, direction = _resolved(catalog, etype, path[-1])
    if attr.is_ref or direction == "reverse":
        raise _wrong(path, f"{etype}.{path[-1]} needs to be a property")
    return [*hops, (attr, None)]


def _resolved(catalog: AttrCatalog, etype: str, label: str) -> tuple[Attr, Direction]:
    found = catalog.resolve(etype, label)
    if found is None:
        error = RecordNotFound("attr")
        error.hint["args"] = [etype, label]
        raise error
    return found


def _wrong(path: tuple[str, ...], message: str) -> ValidationFailed:
    return ValidationFailed.one("ref", ".".join(path), message)
