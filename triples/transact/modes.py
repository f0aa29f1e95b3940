"""What a step's mode demands: create only what is not there, update only what is.

Judged once, against the state before this write (§5.1). Existence is per etype.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from triples.attrs.attr import Attr
from triples.transact.existence import EXISTING, Member, existence_of, existence_values
from triples.transact.steps import Lookup, Step, TripleStep
from triples.transact.work import Work
from wire import json
from wire.errors import ValidationFailed


async def existing(work: Work, members: Iterable[Member]) -> set[Member]:
    """Those of the pairs of entity and etype that have a triple."""
    wanted = set(members)
    unknown = sorted(wanted - work.existence.keys())
    answer = dict(work.existence)
    if unknown:
        values = {"app_id": work.app_id, **existence_values(unknown, work.catalog)}
        cursor = await work.conn.execute(EXISTING, values)
        answer |= existence_of(unknown, [row[0] for row in await cursor.fetchall()])
    return {member for member in wanted if answer[member]}


async def check_modes(work: Work, steps: Sequence[Step], attrs: Mapping[str, Attr]) -> None:
    """Raise `ValidationFailed` for steps whose mode the stored state forbids.

    `attrs` are those by id that the steps may mean, attrs of this write included.
    """
    judged = [
        step
        for step in steps
        if isinstance(step, TripleStep) and step.mode != "upsert" and step.attr_id in attrs
    ]
    if not judged:
        return
    pairs = {
        (step.entity, attrs[step.attr_id].etype) for step in judged if isinstance(step.entity, str)
    }
    found = await existing(work, pairs)

    def is_there(step: TripleStep) -> bool:
        if isinstance(step.entity, Lookup):
            return step.entity in work.resolved
        return (step.entity, attrs[step.attr_id].etype) in found

    creating = [step for step in judged if step.mode == "create" and is_there(step)]
    _fail_if_any(creating, "Creating entities that exist")
    updating = [step for step in judged if step.mode == "update" and not is_there(step)]
    _fail_if_any(updating, "Updating entities that don't exist")


def _fail_if_any(offending: Sequence[TripleStep], what: str) -> None:
    if not offending:
        return
    shown = ", ".join(_shown(step) for step in offending)
    steps: list[Any] = [
        [step.op, _wire_entity(step), step.attr_id, step.value, {"mode": step.mode}]
        for step in offending
    ]
    raise ValidationFailed.one("tx-step", steps, f"{what}: {shown}")


def _wire_entity(step: TripleStep) -> Any:
    if isinstance(step.entity, Lookup):
        return [step.entity.attr_id, step.entity.value]
    return step.entity


def _shown(step: TripleStep) -> str:
    entity = _wire_entity(step)
    return entity if isinstance(entity, str) else json.dumps(entity).decode()
