"""The steps of a write as values, one class a kind (spec: transactions-permissions.md §2).

They are made by `triples.transact.parse` from what a client sent; from there on ids are canonical
and names are known to be names. What a step means for stored data is decided by the files that
execute it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from triples.attrs.attr import Attr
from triples.attrs.change import AttrChange
from wire import json
from wire.ids import parse_uuid

Mode = Literal["create", "update", "upsert"]
TripleOp = Literal[
    "add-triple", "deep-merge-triple", "retract-triple", "increment-triple", "expect-triple"
]


@dataclass(frozen=True, slots=True)
class Lookup:
    """An entity named by a value of a unique attr; equal values make equal lookups."""

    attr_id: str
    key: bytes
    value: Any = field(compare=False)

    @classmethod
    def of(cls, attr_id: str, value: Any) -> Lookup:
        """The lookup of a decoded JSON value."""
        return cls(attr_id, json.canonical(value), value)

    @classmethod
    def parse(cls, value: Any) -> Lookup | None:
        """What `[attr-id, value]` stands for, or None for anything of another shape."""
        if not isinstance(value, list) or len(value) != 2:
            return None
        attr_id = parse_uuid(value[0])
        return None if attr_id is None else cls.of(attr_id, value[1])


EntityRef = str | Lookup


@dataclass(frozen=True, slots=True)
class TripleStep:
    """Adds, merges, retracts, increments or expects one value of one entity's attr.

    Whether `value` is itself a lookup depends on the attr, see `triples.transact.lookups`.
    """

    op: TripleOp
    index: int
    entity: EntityRef
    attr_id: str
    value: Any
    mode: Mode = "upsert"


@dataclass(frozen=True, slots=True)
class DeleteEntity:
    """Removes an entity from one etype, or from all it is in."""

    index: int
    entity: EntityRef
    etype: str | None
    op: Literal["delete-entity"] = "delete-entity"


@dataclass(frozen=True, slots=True)
class RuleParams:
    """Values that permission rules may read; writes nothing."""

    index: int
    entity: EntityRef
    etype: str
    params: dict[str, Any]
    op: Literal["rule-params"] = "rule-params"


@dataclass(frozen=True, slots=True)
class AddAttr:
    """Defines an attr."""

    index: int
    attr: Attr
    op: Literal["add-attr"] = "add-attr"


@dataclass(frozen=True, slots=True)
class UpdateAttr:
    """Changes parts of an attr's definition."""

    index: int
    change: AttrChange
    op: Literal["update-attr"] = "update-attr"


@dataclass(frozen=True, slots=True)
class DeleteAttr:
    """Hides an attr and its values until it is restored or swept."""

    index: int
    attr_id: str
    op: Literal["delete-attr"] = "delete-attr"


@dataclass(frozen=True, slots=True)
class RestoreAttr:
    """Brings a deleted attr back."""

    index: int
    attr_id: str
    op: Literal["restore-attr"] = "restore-attr"


Step = TripleStep | DeleteEntity | RuleParams | AddAttr | UpdateAttr | DeleteAttr | RestoreAttr
