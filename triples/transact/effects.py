"""What the steps of a write do to entities, known before they are executed.

Rules judge entities, not steps: here every step gets its entity and its target by id, those
that a lookup will make included, and the entities are carried forward as the steps will leave
them (§13.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.permissions.entities import Entity, Member
from triples.transact.lookups import reserve, value_lookup
from triples.transact.merge import deep_merge
from triples.transact.steps import Lookup, RuleParams, Step, TripleStep
from triples.transact.work import Work
from wire import json
from wire.ids import parse_uuid

DELETE: Final = "delete-entity"
_WRITING: Final = frozenset(("add-triple", "deep-merge-triple", "increment-triple"))


@dataclass(frozen=True, slots=True)
class Effect:
    """One step with its attr, its entity and, for a link, its target as ids.

    The entity is None for a lookup that names nobody and makes nobody; so is the target.
    `looked_up_by` is the attr of the lookup that names the entity.
    """

    step: TripleStep
    attr: Attr
    entity_id: str | None
    target_id: str | None
    looked_up_by: Attr | None

    @property
    def is_writing(self) -> bool:
        """Whether the step stores something, and so may make its entity."""
        return self.step.op in _WRITING

    @property
    def member(self) -> Member | None:
        """The entity in its etype."""
        return None if self.entity_id is None else (self.entity_id, self.attr.etype)

    @property
    def target(self) -> Member | None:
        """The other side of a link, in its etype."""
        etype = self.attr.reverse_etype if self.attr.is_ref else None
        return None if self.target_id is None or etype is None else (self.target_id, etype)

    @property
    def is_link(self) -> bool:
        """Whether the step is about a link between etypes."""
        return self.attr.is_ref and self.attr.reverse_etype is not None


def effects_of(work: Work, steps: Iterable[TripleStep], attrs: Mapping[str, Attr]) -> list[Effect]:
    """The steps' effects, in their order; unknown attrs are left to fail when they are stored.

    Ids are reserved for the entities that lookups will make.
    """
    known = [(step, attrs[step.attr_id]) for step in steps if step.attr_id in attrs]
    for lookup, entity_id in work.resolved.items():
        work.reserved[lookup] = entity_id
    for step, _ in known:
        if isinstance(step.entity, Lookup) and step.op in _WRITING:
            reserve(work, step.entity)
    return [
        Effect(
            step,
            attr,
            _entity(work, step.entity),
            _target(work, attr, step),
            attrs.get(step.entity.attr_id) if isinstance(step.entity, Lookup) else None,
        )
        for step, attr in known
    ]


def after(
    effects: Sequence[Effect],
    before: Mapping[Member, Entity],
    ops: Iterable[str],
    doomed: Iterable[Member],
) -> dict[Member, Entity]:
    """The entities as the effects leave them; those that nobody writes to and nobody had are not.

    Steps of one op are done together, in the order of `ops`, and not in that of the request: rules
    must see what will be stored. A link shows the id that was written last, whatever its
    cardinality.
    """
    entities = {member: dict(entity) for member, entity in before.items()}
    gone = frozenset(doomed)
    by_op: dict[str, list[Effect]] = {}
    for effect in effects:
        by_op.setdefault(effect.step.op, []).append(effect)
    for op in dict.fromkeys(ops):
        if op == DELETE:
            entities = {k: entity for k, entity in entities.items() if k not in gone}
        for effect in by_op.get(op, ()):
            if (member := effect.member) is not None:
                _apply(effect, member, entities)
    return entities


def _apply(effect: Effect, member: Member, entities: dict[Member, Entity]) -> None:
    step, label = effect.step, effect.attr.label
    if step.op == "retract-triple":
        if member in entities and label != "id":
            _retract(effect, entities[member])
        return
    if not effect.is_writing:
        return
    if member not in entities:
        entities[member] = {"id": member[0]}
        if effect.looked_up_by is not None and isinstance(step.entity, Lookup):
            entities[member][effect.looked_up_by.label] = step.entity.value
            entities[member]["id"] = member[0]
    entity = entities[member]
    if label == "id":
        return  # whatever is stored there, an entity's id is its id
    match step.op:
        case "add-triple":
            entity[label] = effect.target_id if effect.attr.is_ref else step.value
        case "deep-merge-triple":
            entity[label] = deep_merge(entity.get(label), step.value)
        case "increment-triple":
            stored = entity.get(label)
            entity[label] = stored + step.value if _is_number(stored) else step.value


def _retract(effect: Effect, entity: Entity) -> None:
    """Only the very value is removed."""
    label = effect.attr.label
    value = effect.target_id if effect.attr.is_ref else effect.step.value
    if label in entity and _is_same(entity[label], value):
        del entity[label]


def _is_same(stored: Any, value: Any) -> bool:
    """Whether PostgreSQL takes them for one value (`instant_value_md5`)."""
    if _is_number(stored) and _is_number(value):
        return bool(stored == value)
    return json.exact(stored) == json.exact(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def modified_fields(effects: Iterable[Effect]) -> dict[str, list[str]]:
    """By entity id, the labels that steps write or take away, without `id` (§13.1)."""
    fields: dict[str, list[str]] = {}
    for effect in effects:
        changes = effect.is_writing or effect.step.op == "retract-triple"
        if changes and effect.entity_id is not None and effect.attr.label != "id":
            labels = fields.setdefault(effect.entity_id, [])
            if effect.attr.label not in labels:
                labels.append(effect.attr.label)
    return fields


def rule_params(work: Work, steps: Iterable[Step]) -> dict[Member, dict[str, Any]]:
    """All `rule-params` of each entity in each etype, later ones over earlier ones."""
    params: dict[Member, dict[str, Any]] = {}
    for step in steps:
        if isinstance(step, RuleParams):
            entity_id = _entity(work, step.entity)
            if entity_id is not None:
                params.setdefault((entity_id, step.etype), {}).update(step.params)
    return params


def _entity(work: Work, entity: str | Lookup) -> str | None:
    return work.reserved.get(entity) if isinstance(entity, Lookup) else entity


def _target(work: Work, attr: Attr, step: TripleStep) -> str | None:
    if not attr.is_ref:
        return None
    lookup = value_lookup(attr, step)
    return parse_uuid(step.value) if lookup is None else work.reserved.get(lookup)
