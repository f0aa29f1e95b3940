"""What links and lookups may name, judged for everyone but admins (§4, steps 8 and 9).

An admin's mistakes are found when the step is executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from triples.attrs.attr import Attr
from triples.transact.lookups import value_lookup
from triples.transact.steps import DeleteEntity, Lookup, RuleParams, Step, TripleStep
from wire.errors import ValidationFailed
from wire.ids import parse_uuid

_OTHER_NAMESPACE = (
    "Invalid transaction. The namespace in the lookup attribute is different from the namespace"
    " of the attribute that is being set"
)


def check_references(steps: Iterable[Step], attrs: Mapping[str, Attr]) -> None:
    """Raise `ValidationFailed` for a link to no id, and for a lookup in another namespace."""
    for step in steps:
        match step:
            case TripleStep():
                attr = attrs.get(step.attr_id)
                if attr is not None:
                    _check_triple(step, attr, attrs)
            case DeleteEntity(entity=entity, etype=etype) | RuleParams(entity=entity, etype=etype):
                if isinstance(entity, Lookup):
                    _check_namespace(entity, etype, attrs)
            case _:
                pass


def _check_triple(step: TripleStep, attr: Attr, attrs: Mapping[str, Attr]) -> None:
    lookup = value_lookup(attr, step)
    if attr.is_ref and lookup is None and parse_uuid(step.value) is None:
        raise ValidationFailed.one("eid", step.value, "Expected link value to be a uuid.")
    if isinstance(step.entity, Lookup):
        _check_namespace(step.entity, attr.etype, attrs)
    if lookup is not None:
        _check_namespace(lookup, attr.reverse_etype if attr.is_ref else attr.etype, attrs)


def _check_namespace(lookup: Lookup, etype: str | None, attrs: Mapping[str, Attr]) -> None:
    attr = attrs.get(lookup.attr_id)
    named = [lookup.attr_id, lookup.value]
    if attr is None:
        raise ValidationFailed.one(
            "lookup",
            named,
            "Invalid lookup. Could not determine namespace from lookup attribute.",
        )
    if etype is not None and attr.etype != etype:
        raise ValidationFailed.one("tx-step", named, _OTHER_NAMESPACE)
