"""Executing steps: what is judged first, the steps in groups, what they must leave behind.

The order is the specification's (transactions-permissions.md §4): steps of one op run together, the
groups in the order in which their ops first appear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.attrs.write import add_inferred_types
from triples.transact import attr_steps, deletes, guard, values
from triples.transact.lookups import check_id_lookups, lookups_of, resolve
from triples.transact.modes import check_modes
from triples.transact.permissions import Judged, Verdict, judged
from triples.transact.references import check_references
from triples.transact.required import check_required
from triples.transact.steps import (
    AddAttr,
    DeleteAttr,
    DeleteEntity,
    RestoreAttr,
    RuleParams,
    Step,
    TripleStep,
    UpdateAttr,
)
from triples.transact.work import Work
from wire.errors import PermissionDenied

_ATTR_CHANGES: Final = (UpdateAttr, DeleteAttr, RestoreAttr)
_ATTR_STEPS: Final = (AddAttr, *_ATTR_CHANGES)


async def execute(work: Work, steps: Sequence[Step]) -> list[Verdict]:
    """Judge and run all steps; raises wire errors, and psycopg's where a constraint refuses.

    What rules said is returned where the work gathers it.
    """
    if not steps:
        return []
    expected = _expected(work, steps)
    attrs = {**expected.by_ids, **work.attrs_by_id()}
    triple_steps = [step for step in steps if isinstance(step, TripleStep)]
    doomed = await _prepare(work, steps, attrs)
    guard.check_values(work.author, triple_steps, attrs)
    guard.check_deleted(work.author, [etype for _, etype in doomed])
    judgement: Judged | None = None
    if not work.author.is_admin:
        if any(isinstance(step, _ATTR_CHANGES) for step in steps):
            raise PermissionDenied(["attrs", "attr"])
        check_references(steps, attrs)
        judgement = await judged(work, steps, attrs, expected, doomed)
        await judgement.before()
        work.is_judged = True
    await check_modes(work, steps, attrs)
    if expectations := [step for step in triple_steps if step.op == "expect-triple"]:
        await values.expect(work, expectations)
    for group in _groups(steps):
        await _run(work, group, list(doomed))
    await check_required(work)
    if work.kinds:
        await add_inferred_types(work.conn, work.app_id, work.kinds)
    if judgement is None:
        return []
    await judgement.after()
    return judgement.verdicts


def _expected(work: Work, steps: Sequence[Step]) -> AttrCatalog:
    """The attrs as the steps will leave them."""
    if not any(isinstance(step, _ATTR_STEPS) for step in steps):
        return work.catalog
    return attr_steps.expected_catalog(work.catalog, steps)


async def _prepare(
    work: Work, steps: Sequence[Step], attrs: Mapping[str, Attr]
) -> dict[deletes.Doomed, list[deletes.Doomed]]:
    """Resolve every lookup, and say which entities will be deleted, and after whom."""
    check_id_lookups(steps, attrs)
    await resolve(work, lookups_of(steps, attrs))
    deleting = [step for step in steps if isinstance(step, DeleteEntity)]
    if not deleting:
        return {}
    has_params = any(isinstance(step, RuleParams) for step in steps)
    named = await deletes.named_by(work, deleting)
    return await deletes.with_cascades(work, named, by_root=has_params)


def _groups(steps: Sequence[Step]) -> list[list[Any]]:
    groups: dict[str, list[Any]] = {}
    for step in steps:
        groups.setdefault(step.op, []).append(step)
    return list(groups.values())


def _forget_lookups(work: Work, gone: frozenset[deletes.Doomed]) -> None:
    """A lookup that named what is deleted names nobody any more; others name whom they did."""
    for lookup, entity_id in list(work.resolved.items()):
        attr = work.catalog.by_id(lookup.attr_id)
        if attr is not None and (entity_id, attr.etype) in gone:
            del work.resolved[lookup]


async def _run(work: Work, group: list[Any], doomed: Sequence[deletes.Doomed]) -> None:
    match group[0]:
        case AddAttr():
            await attr_steps.add_attrs(work, group)
        case UpdateAttr():
            await attr_steps.update_attrs(work, group)
        case DeleteAttr():
            await attr_steps.delete_attrs(work, group)
        case RestoreAttr():
            await attr_steps.restore_attrs(work, group)
        case DeleteEntity() if doomed:
            await deletes.delete(work, doomed)
            _forget_lookups(work, frozenset(doomed))
        case TripleStep(op="add-triple"):
            await values.add(work, group)
        case TripleStep(op="deep-merge-triple"):
            await values.deep_merge_values(work, group)
        case TripleStep(op="increment-triple"):
            await values.increment(work, group)
        case TripleStep(op="retract-triple"):
            await values.retract(work, group)
        case _:
            pass  # rule-params and expectations write nothing
