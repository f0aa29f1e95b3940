"""The errors that name an attr and a value, in the words clients know (§6.2)."""

from __future__ import annotations

from typing import Any, Final

from triples.attrs.attr import Attr
from triples.values.kinds import json_type_name
from wire import json
from wire.errors import RecordNotUnique, ValidationFailed

MAX_SHOWN_CHARACTERS: Final = 200  # of a value that was refused for its size


def wrong_type(attr: Attr, entity_id: str, value: Any) -> ValidationFailed:
    """The value is not of the attr's checked type."""
    message = (
        f"Invalid value type for {attr.etype}.{attr.label}. Value must be a"
        f" {attr.checked_data_type} but the provided value type is {json_type_name(value)}."
    )
    return ValidationFailed(message, _constraint_hint(attr, entity_id, value))


def not_an_id(attr: Attr, entity_id: str, value: Any) -> ValidationFailed:
    """A link's value is not an entity's id."""
    return ValidationFailed(
        "Linked value must be a valid uuid.", _constraint_hint(attr, entity_id, value)
    )


def too_large(attr: Attr, entity_id: str, value: Any) -> ValidationFailed:
    """The value does not fit an index."""
    kind = "a unique" if attr.is_unique else "an indexed"
    shown = value if isinstance(value, str) else json.dumps(value).decode()
    hint = _constraint_hint(attr, entity_id, shown[:MAX_SHOWN_CHARACTERS])
    return ValidationFailed(
        f"Value is too large for {kind} attribute.", {**hint, "value-too-large?": True}
    )


def value_taken(attr: Attr, value: Any) -> RecordNotUnique:
    """Another entity holds the value of a unique attr."""
    text = json.dumps(value).decode()
    return RecordNotUnique(
        f"`{attr.label}` is a unique attribute on `{attr.etype}` and an entity already exists"
        f" with `{attr.etype}.{attr.label}` = {text}",
        {
            "record-type": "triple",
            "attr-id": attr.id,
            "etype": attr.etype,
            "label": attr.label,
            "value": text,
        },
    )


def not_unique(record_type: str) -> RecordNotUnique:
    """Something is taken, and no more is known."""
    return RecordNotUnique(f"Record not unique: {record_type}", {"record-type": record_type})


def name_taken(etype: str, label: str) -> RecordNotUnique:
    """Another attr has the name."""
    return RecordNotUnique(
        f"`{label}` already exists on `{etype}`",
        {"record-type": "ident", "etype": etype, "label": label},
    )


def _constraint_hint(attr: Attr, entity_id: str, value: Any) -> dict[str, Any]:
    return {
        "namespace": attr.etype,
        "attribute": attr.label,
        "value": value,
        "checked-data-type": attr.checked_data_type,
        "attr-id": attr.id,
        "entity-id": entity_id,
    }
