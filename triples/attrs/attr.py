"""One attr as an immutable value, and its wire form (spec: instaql.md §1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

ValueType = Literal["blob", "ref"]
Cardinality = Literal["one", "many"]
CheckedDataType = Literal["string", "number", "boolean", "date"]
Catalog = Literal["system", "user"]

INFERRED_TYPE_BITS: Final[dict[str, int]] = {"number": 1, "string": 2, "boolean": 4, "json": 8}
"""How observed value kinds are stored, in the order they are sent."""


@dataclass(frozen=True, slots=True)
class Attr:
    """A property (`blob`) or a link (`ref`) of one etype.

    The `is_…` fields say what was asked for; `indexed`, `typed` and `unique` say what queries
    may rely on, which is less while a background job runs.
    """

    id: str
    etype: str
    label: str
    forward_ident: str
    value_type: ValueType
    cardinality: Cardinality
    is_unique: bool = False
    is_indexed: bool = False
    is_required: bool = False
    reverse_etype: str | None = None
    reverse_label: str | None = None
    reverse_ident: str | None = None
    checked_data_type: CheckedDataType | None = None
    on_delete: Literal["cascade"] | None = None
    on_delete_reverse: Literal["cascade"] | None = None
    inferred_types: int | None = None
    checking_data_type: bool = False
    indexing: bool = False
    setting_unique: bool = False
    catalog: Catalog = "user"
    metadata: dict[str, Any] | None = field(default=None, hash=False)

    @property
    def is_ref(self) -> bool:
        """Whether values are ids of other entities."""
        return self.value_type == "ref"

    @property
    def is_blob(self) -> bool:
        """Whether values are plain JSON."""
        return self.value_type == "blob"

    @property
    def cardinality_one(self) -> bool:
        """Whether the forward entity has at most one value."""
        return self.cardinality == "one"

    @property
    def indexed(self) -> bool:
        """Whether every triple is in the value index."""
        return self.is_indexed and not self.indexing

    @property
    def typed(self) -> bool:
        """Whether every triple is known to have the checked type."""
        return self.checked_data_type is not None and not self.checking_data_type

    @property
    def unique(self) -> bool:
        """Whether every triple is in the unique index."""
        return self.is_unique and not self.setting_unique

    def to_wire(self) -> dict[str, Any]:
        """The attr as clients read it; optional keys are present only when set."""
        wire: dict[str, Any] = {
            "id": self.id,
            "forward-identity": [self.forward_ident, self.etype, self.label],
            "value-type": self.value_type,
            "cardinality": self.cardinality,
            "unique?": self.is_unique,
            "index?": self.is_indexed,
            "required?": self.is_required,
            "inferred-types": inferred_type_names(self.inferred_types),
            "catalog": self.catalog,
        }
        if self.reverse_ident is not None:
            wire["reverse-identity"] = [self.reverse_ident, self.reverse_etype, self.reverse_label]
        optional = {
            "checked-data-type": self.checked_data_type,
            "on-delete": self.on_delete,
            "on-delete-reverse": self.on_delete_reverse,
            "checking-data-type?": self.checking_data_type,
            "indexing?": self.indexing,
            "setting-unique?": self.setting_unique,
            "metadata": self.metadata,
        }
        wire.update((key, value) for key, value in optional.items() if value)
        return wire


def inferred_type_names(bits: int | None) -> list[str] | None:
    """The observed value kinds behind the stored bits; None when nothing was observed."""
    if not bits:
        return None
    return [name for name, bit in INFERRED_TYPE_BITS.items() if bits & bit]
