"""What nobody, or nobody but an admin, may do to the built-in `$` etypes (§8.3).

The guard looks at a step's forward etype and at entities deleted by cascade. Permission rules are
judged elsewhere; they never open what is closed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.transact.author import Author
from triples.transact.steps import TripleStep
from wire.errors import ValidationFailed

EXTENDABLE_ETYPES: Final = frozenset({"$users", "$files", "$streams"})
FILE_ETYPES: Final = frozenset({"$files", "$streams"})
STREAM_FILE_PREFIX: Final = "$stream/"

_WRITABLE: Final = frozenset(
    {("$users", "id"), ("$files", "id"), ("$files", "path"), ("$streams", "id")}
)
_RESERVED: Final = frozenset((attr.etype, attr.label) for attr in SYSTEM_ATTRS) | frozenset(
    (attr.reverse_etype, attr.reverse_label) for attr in SYSTEM_ATTRS if attr.reverse_etype
)
_REQUIRED: Final = "You can't create a required system attribute. Make sure it's optional."


def check_new_attr(attr: Attr) -> None:
    """Raise `ValidationFailed` unless an attr of these names may be defined."""
    names = [(attr.etype, attr.label)]
    if attr.reverse_etype is not None and attr.reverse_label is not None:
        names.append((attr.reverse_etype, attr.reverse_label))
    for etype, label in names:
        if (etype, label) in _RESERVED:
            raise _attributes(attr, f"{etype}.{label} is a system column and it already exists.")
        if etype.startswith("$") and etype not in EXTENDABLE_ETYPES:
            raise _attributes(attr, f"$ is reserved for system tables. You can't create {etype}")
    if attr.is_required and attr.etype.startswith("$"):
        raise _attributes(attr, _REQUIRED)


def check_stored_attr(attr: Attr) -> None:
    """Raise `ValidationFailed` for a change of a built-in attr."""
    if attr.catalog == "system":
        raise _attributes(attr, _not_directly(attr))


def check_values(author: Author, steps: Iterable[TripleStep], attrs: Mapping[str, Attr]) -> None:
    """Raise `ValidationFailed` for a write to a built-in attr that is not the author's to make."""
    for step in steps:
        attr = attrs.get(step.attr_id)
        if attr is None or attr.catalog != "system" or step.op == "expect-triple":
            continue
        if attr.etype == "$files" and attr.label == "path":
            _check_path(step)
        if (attr.etype, attr.label) in _WRITABLE:
            continue
        if not author.is_admin or attr.etype in FILE_ETYPES:
            raise ValidationFailed.one("tx-step", _shown(step), _not_directly(attr))


def guards_creation(etypes: Iterable[str]) -> bool:
    """Whether `check_created` could refuse new entities of these etypes."""
    return "$users" in etypes


def check_created(author: Author, etypes: Iterable[str]) -> None:
    """Raise `ValidationFailed` for a new `$` entity that only sign-up or an admin makes."""
    if not author.is_admin and "$users" in etypes:
        raise ValidationFailed.one("tx-step", None, _entity("$users", "create"))


def check_deleted(author: Author, etypes: Iterable[str]) -> None:
    """Raise `ValidationFailed` for an entity that is not the author's to delete."""
    if author.is_admin:
        return
    for etype in etypes:
        if etype.startswith("$") and etype != "$files":
            raise ValidationFailed.one("tx-step", None, _entity(etype, "delete"))


def _check_path(step: TripleStep) -> None:
    if isinstance(step.value, str) and step.value.startswith(STREAM_FILE_PREFIX):
        raise ValidationFailed.one(
            "tx-step", _shown(step), "The path for stream files can't be edited."
        )


def _entity(etype: str, verb: str) -> str:
    return f"{etype} is a system entity. You aren't allowed to {verb} this directly."


def _not_directly(attr: Attr) -> str:
    return (
        f"{attr.etype}.{attr.label} is a system column. You aren't allowed to change this directly."
    )


def _attributes(attr: Attr, message: str) -> ValidationFailed:
    return ValidationFailed.one("attributes", attr.to_wire(), message)


def _shown(step: TripleStep) -> list[Any]:
    entity: Any = step.entity
    if not isinstance(entity, str):
        entity = [entity.attr_id, entity.value]
    return [step.op, entity, step.attr_id, step.value]
