"""A partial change of an attr, and what an attr becomes by it (transactions-permissions.md §9.2).

Pure values; `triples.attrs.write` stores the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from triples.attrs.attr import Attr, Cardinality, ValueType


@dataclass(frozen=True, slots=True)
class AttrChange:
    """What an `update-attr` step asks for; None leaves a property as it is.

    `forward` and `reverse` are new names, `(etype, label)`. Cascades are the exception: without
    `keeps_cascades` they are always overwritten, and None removes them.
    """

    id: str
    value_type: ValueType | None = None
    cardinality: Cardinality | None = None
    is_unique: bool | None = None
    is_indexed: bool | None = None
    is_required: bool | None = None
    forward: tuple[str, str] | None = None
    reverse: tuple[str, str] | None = None
    on_delete: Literal["cascade"] | None = None
    on_delete_reverse: Literal["cascade"] | None = None
    keeps_cascades: bool = False


def changed(attr: Attr, change: AttrChange) -> Attr:
    """The attr after the change. Only an attr with a reverse name gets another; `id` is unique."""
    result = replace(
        attr,
        value_type=attr.value_type if change.value_type is None else change.value_type,
        cardinality=attr.cardinality if change.cardinality is None else change.cardinality,
        is_unique=attr.is_unique if change.is_unique is None else change.is_unique,
        is_indexed=attr.is_indexed if change.is_indexed is None else change.is_indexed,
        is_required=attr.is_required if change.is_required is None else change.is_required,
    )
    if change.forward is not None:
        result = replace(result, etype=change.forward[0], label=change.forward[1])
    if result.label == "id":
        result = replace(result, is_unique=True)
    if change.reverse is not None and attr.reverse_ident is not None:
        result = replace(result, reverse_etype=change.reverse[0], reverse_label=change.reverse[1])
    if change.keeps_cascades:
        return result
    return replace(result, on_delete=change.on_delete, on_delete_reverse=change.on_delete_reverse)
