"""A small app as plain values: its attrs and a list of triples, with nothing clever about them.

Everything the oracles evaluate is a `World`; `tests.oracle.storing` writes one into the database
exactly as it stands here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from triples.attrs.attr import Attr, Cardinality, CheckedDataType
from triples.attrs.catalog import AttrCatalog
from wire import json
from wire.ids import new_id


class Triple(NamedTuple):
    """One stored fact, in the order the wire has it."""

    entity: str
    attr: str
    value: Any
    created_at: int

    @property
    def key(self) -> bytes:
        """Identity for sets; values may be objects, and 1 is not true."""
        return json.canonical(list(self))


@dataclass(frozen=True)
class World:
    """The attrs and triples of one app."""

    app_id: str
    attrs: tuple[Attr, ...]
    triples: tuple[Triple, ...]

    @cached_property
    def catalog(self) -> AttrCatalog:
        """The attrs with the system attrs; its version is of no consequence here."""
        return AttrCatalog(self.app_id, 0, self.attrs)

    @cached_property
    def by_entity_and_attr(self) -> dict[tuple[str, str], list[Triple]]:
        """The triples of an entity under an attr."""
        found: defaultdict[tuple[str, str], list[Triple]] = defaultdict(list)
        for triple in self.triples:
            found[triple.entity, triple.attr].append(triple)
        return dict(found)

    @cached_property
    def links_to(self) -> dict[tuple[str, str], list[Triple]]:
        """The link triples that lead to an entity, by (link attr, entity)."""
        links = {attr.id for attr in self.catalog.attrs if attr.is_ref}
        found: defaultdict[tuple[str, str], list[Triple]] = defaultdict(list)
        for triple in self.triples:
            if triple.attr in links:
                found[triple.attr, triple.value].append(triple)
        return dict(found)

    def values_of(self, entity: str, attr: Attr) -> list[Triple]:
        """The entity's triples under the attr, in forward direction."""
        return self.by_entity_and_attr.get((entity, attr.id), [])

    def linked(
        self, entity: str, attr: Attr, direction: Literal["forward", "reverse"]
    ) -> list[tuple[str, Triple]]:
        """The entities on the far side of a link, each with the triple that leads there."""
        if direction == "forward":
            return [(triple.value, triple) for triple in self.values_of(entity, attr)]
        return [(triple.entity, triple) for triple in self.links_to.get((attr.id, entity), [])]

    def id_triple(self, entity: str, etype: str) -> Triple | None:
        """The triple that makes the entity a member of the etype."""
        attr = self.catalog.id_attr(etype)
        found = self.values_of(entity, attr) if attr else []
        return found[0] if found else None

    def members(self, etype: str) -> list[str]:
        """All entities of an etype."""
        attr = self.catalog.id_attr(etype)
        if attr is None:
            return []
        return [triple.entity for triple in self.triples if triple.attr == attr.id]


@dataclass
class WorldBuilder:
    """Collects attrs and triples; the last value of a cardinality-one attr wins."""

    app_id: str = field(default_factory=new_id)
    attrs: dict[tuple[str, str], Attr] = field(default_factory=dict)
    _triples: dict[tuple[str, str, bytes | None], Triple] = field(default_factory=dict)

    def blob(
        self,
        etype: str,
        label: str,
        checked: CheckedDataType | None = None,
        *,
        indexed: bool = False,
        unique: bool = False,
        id: str | None = None,
    ) -> Attr:
        """A property; its etype's id attr is made with it."""
        if label != "id" and (etype, "id") not in self.attrs:
            self.blob(etype, "id", unique=True)
        attr = Attr(
            id=id or new_id(),
            etype=etype,
            label=label,
            forward_ident=new_id(),
            value_type="blob",
            cardinality="one",
            is_unique=unique,
            is_indexed=indexed,
            checked_data_type=checked,
        )
        self.attrs[etype, label] = attr
        return attr

    def link(
        self,
        etype: str,
        label: str,
        target: str,
        reverse_label: str,
        *,
        cardinality: Cardinality = "many",
        unique: bool = False,
        id: str | None = None,
    ) -> Attr:
        """A link; `unique` says that the far side has one at most."""
        for side in (etype, target):
            if (side, "id") not in self.attrs:
                self.blob(side, "id", unique=True)
        attr = Attr(
            id=id or new_id(),
            etype=etype,
            label=label,
            forward_ident=new_id(),
            value_type="ref",
            cardinality=cardinality,
            is_unique=unique,
            reverse_etype=target,
            reverse_label=reverse_label,
            reverse_ident=new_id(),
        )
        self.attrs[etype, label] = attr
        return attr

    def add(self, entity: str, attr: Attr, value: Any, created_at: int) -> None:
        """One triple; a repeated one keeps its first time, a new value of a property too."""
        key = None if attr.cardinality_one else json.canonical(value)
        old = self._triples.get((entity, attr.id, key))
        at = old.created_at if old else created_at
        self._triples[entity, attr.id, key] = Triple(entity, attr.id, value, at)

    def entity(self, etype: str, entity: str, created_at: int, **values: Any) -> str:
        """An entity with its id triple; a list under a link is several links."""
        self.add(entity, self.attrs[etype, "id"], entity, created_at)
        for label, value in values.items():
            attr = self.attrs[etype, label]
            for one in value if attr.is_ref and isinstance(value, list) else [value]:
                self.add(entity, attr, one, created_at)
        return entity

    def fill_nulls(self) -> None:
        """The null triples that a server writes for indexed properties without a value (§1.4)."""
        for attr in list(self.attrs.values()):
            if attr.is_blob and attr.is_indexed and attr.label != "id":
                self._fill_null(attr)

    def _fill_null(self, attr: Attr) -> None:
        id_attr = self.attrs[attr.etype, "id"]
        for triple in list(self._triples.values()):
            if triple.attr == id_attr.id and (triple.entity, attr.id, None) not in self._triples:
                self.add(triple.entity, attr, None, triple.created_at)

    def build(self, triples: Iterable[Triple] = ()) -> World:
        """The finished world."""
        return World(self.app_id, tuple(self.attrs.values()), (*self._triples.values(), *triples))
