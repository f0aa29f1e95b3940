"""Entities named by a unique value: finding them, and making the ones that do not exist.

Spec: transactions-permissions.md §5.2. A lookup is resolved once; all steps share its entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.transact.steps import DeleteEntity, Lookup, RuleParams, Step, TripleStep
from triples.transact.work import Work
from wire import json
from wire.errors import SqlRaise, ValidationFailed
from wire.ids import new_id, parse_uuid

_GIVEN_IN_THIS_WRITE: Final = (
    "The lookup's value is given to its entity by this very transaction; name the entity by its id."
)

# Which entities hold these unique values?
_RESOLVE: Final = """
select wanted.i, holder.entity_id
from json_to_recordset(%s::json) as wanted (i int, a uuid, v jsonb)
cross join lateral (
  select triples.entity_id
  from triples
  where triples.app_id = %s::uuid
    and triples.attr_id = wanted.a
    and triples.av
    and triples.value <> 'null'::jsonb
    and triples.value_md5 = instant_value_md5(wanted.v)
  limit 1
) as holder
"""


def value_lookup(attr: Attr, step: TripleStep) -> Lookup | None:
    """The lookup in value position; only links and `id` attrs take one."""
    return Lookup.parse(step.value) if attr.is_ref or attr.label == "id" else None


def lookups_of(steps: Iterable[Step], attrs: Mapping[str, Attr]) -> list[Lookup]:
    """Every lookup of the steps, in entity or value position, given the attrs by id."""
    found: dict[Lookup, None] = {}
    for step in steps:
        match step:
            case TripleStep():
                if isinstance(step.entity, Lookup):
                    found[step.entity] = None
                attr = attrs.get(step.attr_id)
                if attr is not None and (lookup := value_lookup(attr, step)) is not None:
                    found[lookup] = None
            case DeleteEntity(entity=Lookup() as lookup) | RuleParams(entity=Lookup() as lookup):
                found[lookup] = None
            case _:
                pass
    return list(found)


async def resolve(work: Work, lookups: Iterable[Lookup]) -> None:
    """Find the entities of lookups that are not resolved yet.

    An entity that got the value from a step of this very write is not what the rules were asked
    about: then, where they were asked, this raises `ValidationFailed`.
    """
    missing = [
        lookup for lookup in lookups if lookup not in work.resolved and lookup.value is not None
    ]
    if not missing:
        return
    wanted = [{"i": i, "a": one.attr_id, "v": one.value} for i, one in enumerate(missing)]
    cursor = await work.conn.execute(_RESOLVE, (json.dumps(wanted).decode(), work.app_id))
    for position, entity_id in await cursor.fetchall():
        lookup = missing[position]
        if work.is_judged and work.reserved.get(lookup) != entity_id:
            raise ValidationFailed.one("lookup", _named(work, lookup), _GIVEN_IN_THIS_WRITE)
        work.resolved[lookup] = entity_id


def create_missing(work: Work, steps: Sequence[TripleStep]) -> dict[Lookup, str]:
    """New ids for the entities that steps write to by a lookup which names nobody yet.

    The new entity must also get the value it was looked up by.
    """
    created: dict[Lookup, str] = {}
    for step in steps:
        lookup = step.entity
        if not isinstance(lookup, Lookup) or lookup in work.resolved:
            continue
        unique_attr(work, lookup)
        created[lookup] = work.resolved[lookup] = reserve(work, lookup)
    return created


def reserve(work: Work, lookup: Lookup) -> str:
    """The id that an entity gets if this lookup makes it; the same whenever it is asked for."""
    if lookup not in work.reserved:
        attr = work.catalog.by_id(lookup.attr_id)
        is_id = attr is not None and attr.label == "id"
        known_id = parse_uuid(lookup.value) if is_id else None
        work.reserved[lookup] = known_id or new_id()
    return work.reserved[lookup]


def unique_attr(work: Work, lookup: Lookup) -> Attr:
    """The attr that a lookup goes by; raises `SqlRaise` unless it is unique."""
    attr = work.attr(lookup.attr_id)
    if not attr.unique:
        raise SqlRaise("attribute is not unique")
    return attr


def target_of(work: Work, lookup: Lookup) -> str:
    """The entity that a value lookup names; raises `ValidationFailed` where there is none."""
    entity_id = work.resolved.get(lookup)
    if entity_id is not None:
        return entity_id
    message = "The entity for the lookup does not exist."
    raise ValidationFailed.one("lookup", _named(work, lookup), message)


def _named(work: Work, lookup: Lookup) -> dict[str, Any]:
    attr = work.catalog.by_id(lookup.attr_id)
    return {
        "attribute-id": lookup.attr_id,
        "namespace": attr and attr.etype,
        "label": attr and attr.label,
        "value": lookup.value,
    }


def check_id_lookups(steps: Iterable[Step], attrs: Mapping[str, Attr]) -> None:
    """Refuse lookups by an `id` attr whose value is no uuid (§6.1)."""
    for step in steps:
        if isinstance(step, TripleStep | DeleteEntity) and isinstance(step.entity, Lookup):
            _check_id_lookup(attrs, step.entity, step.index, 1)
        if isinstance(step, TripleStep):
            attr = attrs.get(step.attr_id)
            lookup = None if attr is None else value_lookup(attr, step)
            if lookup is not None:
                _check_id_lookup(attrs, lookup, step.index, 3)


def _check_id_lookup(attrs: Mapping[str, Attr], lookup: Lookup, index: int, position: int) -> None:
    attr = attrs.get(lookup.attr_id)
    if attr is None or attr.label != "id" or parse_uuid(lookup.value) is not None:
        return
    shown = json.dumps([lookup.attr_id, lookup.value]).decode()
    message = (
        f"Invalid lookup '{shown}'. The lookup attribute is '{attr.etype}.id',"
        " but the lookup value is not a valid UUID."
    )
    raise ValidationFailed.of(
        "tx-steps",
        [lookup.attr_id, lookup.value],
        [{"message": message, "in": [index, position]}],
    )
