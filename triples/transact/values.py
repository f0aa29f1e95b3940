"""Steps that write or remove single values: add, merge, increment, retract, expect (§5.2-5.4).

Each function executes all steps of one op together, in a fixed number of statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from triples.transact.lookups import create_missing, lookups_of, resolve, target_of, value_lookup
from triples.transact.merge import deep_merge
from triples.transact.rows import checked_row, store
from triples.transact.steps import Lookup, TripleStep
from triples.transact.work import Row, Work
from wire import json
from wire.errors import SqlRaise, ValidationFailed

# Which values are stored under these entities and attrs?
_STORED: Final = """
select wanted.i, stored.value
from json_to_recordset(%s::json) as wanted (i int, e uuid, a uuid)
cross join lateral (
  select triples.value
  from triples
  where triples.app_id = %s::uuid
    and triples.entity_id = wanted.e
    and triples.attr_id = wanted.a
  offset 0
) as stored
"""
_RETRACT: Final = """
delete from triples
where app_id = %(app_id)s::uuid
  and ctid = any(array(
    select stored.ctid
    from json_to_recordset(%(gone)s::json) as gone (e uuid, a uuid, v jsonb)
    cross join lateral (
      select triples.ctid
      from triples
      where triples.app_id = %(app_id)s::uuid
        and triples.entity_id = gone.e
        and triples.attr_id = gone.a
        and triples.value_md5 = instant_value_md5(coalesce(gone.v, 'null'))
      offset 0
    ) as stored
  ))
returning entity_id, attr_id
"""

_LOOKUP_ATTR_CHANGED: Final = (
    "Updates with lookups can only update the lookup attribute if an entity with the unique"
    " attribute value already exists."
)


async def add(work: Work, steps: Sequence[TripleStep]) -> None:
    """Store values; entities named by an unknown lookup are made."""
    created = await _resolve(work, steps)
    rows = _lookup_rows(work, created)
    for step in steps:
        attr = work.attr(step.attr_id)
        lookup = value_lookup(attr, step)
        value = step.value if lookup is None else target_of(work, lookup)
        _check_lookup_attr(created, step, value)
        rows.append(checked_row(_known(work, step), attr, value))
    await store(work, rows)


async def deep_merge_values(work: Work, steps: Sequence[TripleStep]) -> None:
    """Fold patches into stored values; the first patch of a missing value is stored as it is."""
    created = await _resolve(work, steps)
    rows = {(row.entity_id, row.attr.id): row for row in _lookup_rows(work, created)}
    stored = await _stored(work, [(_known(work, step), step.attr_id) for step in steps])
    merged: dict[tuple[str, str], Any] = {
        key: values[0] for key, values in stored.items() if values
    }
    for step in steps:
        attr = work.attr(step.attr_id)
        if attr.is_ref:
            raise SqlRaise("merge operation is not supported for links")
        key = (_known(work, step), attr.id)
        value = deep_merge(merged[key], step.value) if key in merged else step.value
        _check_lookup_attr(created, step, value)
        merged[key] = value
        rows[key] = checked_row(key[0], attr, value)
    await store(work, rows.values())


async def increment(work: Work, steps: Sequence[TripleStep]) -> None:
    """Add to stored numbers; a missing value and null count as 0."""
    created = await _resolve(work, steps)
    rows = {(row.entity_id, row.attr.id): row for row in _lookup_rows(work, created)}
    stored = await _stored(work, [(_known(work, step), step.attr_id) for step in steps])
    totals: dict[tuple[str, str], Any] = {}
    for step in steps:
        attr = work.attr(step.attr_id)
        if attr.is_ref or not attr.cardinality_one:
            raise ValidationFailed.one(
                "tx-step", None, f"{attr.etype}.{attr.label} cannot be incremented."
            )
        key = (_known(work, step), attr.id)
        before = totals[key] if key in totals else next(iter(stored.get(key, [])), None)
        totals[key] = _sum(before, step.value, f"{attr.etype}.{attr.label}")
        _check_lookup_attr(created, step, totals[key])
        rows[key] = checked_row(key[0], attr, totals[key])
    await store(work, rows.values())


async def retract(work: Work, steps: Sequence[TripleStep]) -> None:
    """Remove exactly these values; what is not there is no error."""
    await resolve(work, lookups_of(steps, work.attrs_by_id()))
    gone: list[dict[str, Any]] = []
    for step in steps:
        attr = work.attr(step.attr_id)
        lookup = value_lookup(attr, step)
        value = step.value if lookup is None else work.resolved.get(lookup)
        entity_id = work.entity(step.entity)
        if entity_id is not None and (lookup is None or value is not None):
            gone.append({"e": entity_id, "a": attr.id, "v": value})
    if gone:
        values = {"app_id": work.app_id, "gone": json.dumps(gone).decode()}
        cursor = await work.conn.execute(_RETRACT, values)
        work.touched.update(await cursor.fetchall())


async def expect(work: Work, steps: Sequence[TripleStep]) -> None:
    """Raise `ValidationFailed` unless each value is stored; null also stands for no value."""
    await resolve(work, lookups_of(steps, work.attrs_by_id()))
    pairs = [
        (entity_id, step.attr_id)
        for step in steps
        if (entity_id := work.entity(step.entity)) is not None
    ]
    stored = await _stored(work, pairs)
    for step in steps:
        attr = work.attr(step.attr_id)
        lookup = value_lookup(attr, step)
        value = step.value if lookup is None else target_of(work, lookup)
        entity_id = work.entity(step.entity)
        found = [] if entity_id is None else stored.get((entity_id, attr.id), [])
        wanted = json.canonical(value)
        if not any(json.canonical(one) == wanted for one in found or [None]):
            _fail_expectation(f"{attr.etype}.{attr.label}", entity_id, step.index)


async def _resolve(work: Work, steps: Sequence[TripleStep]) -> dict[Lookup, str]:
    await resolve(work, lookups_of(steps, work.attrs_by_id()))
    return create_missing(work, steps)


def _lookup_rows(work: Work, created: dict[Lookup, str]) -> list[Row]:
    return [
        checked_row(entity_id, work.attr(lookup.attr_id), lookup.value)
        for lookup, entity_id in created.items()
    ]


def _known(work: Work, step: TripleStep) -> str:
    """The step's entity, once its lookup is resolved or its entity made."""
    return work.resolved[step.entity] if isinstance(step.entity, Lookup) else step.entity


def _check_lookup_attr(created: dict[Lookup, str], step: TripleStep, value: Any) -> None:
    lookup = step.entity
    if not isinstance(lookup, Lookup) or lookup not in created:
        return
    if step.attr_id == lookup.attr_id and json.canonical(value) != lookup.key:
        raise ValidationFailed(_LOOKUP_ATTR_CHANGED)


async def _stored(work: Work, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Any]]:
    distinct = list(dict.fromkeys(pairs))
    wanted = [{"i": i, "e": entity, "a": attr} for i, (entity, attr) in enumerate(distinct)]
    if not wanted:
        return {}
    cursor = await work.conn.execute(_STORED, (json.dumps(wanted).decode(), work.app_id))
    found: dict[tuple[str, str], list[Any]] = {}
    for position, value in await cursor.fetchall():
        found.setdefault(distinct[position], []).append(value)
    return found


def _sum(before: Any, delta: float, name: str) -> Any:
    if before is None:
        return delta
    if not isinstance(before, int | float) or isinstance(before, bool):
        raise ValidationFailed.one("tx-step", None, f"{name} is not a number, so it has no sum.")
    total = before + delta
    fits = -(2**63) <= total < 2**64 if isinstance(total, int) else abs(total) <= MAX_DOUBLE
    if not fits:
        raise ValidationFailed.one("tx-step", None, f"The sum for {name} is out of range.")
    return total


MAX_DOUBLE: Final = 1.7976931348623157e308


def _fail_expectation(name: str, entity_id: str | None, index: int) -> None:
    message = f"Expectation failed: {name} of {entity_id or 'an unknown entity'} is different."
    raise ValidationFailed.of(
        "tx-step", None, [{"message": message, "in": [index], "issue": "expectation-failed"}]
    )
