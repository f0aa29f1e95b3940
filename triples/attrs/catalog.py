"""All attrs of one app at one version, indexed by the names and ids that queries use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal

from triples.attrs.attr import Attr
from triples.attrs.system_catalog import SYSTEM_ATTRS
from wire import json

Direction = Literal["forward", "reverse"]


class AttrCatalog:
    """An immutable snapshot of an app's live attrs, the system attrs included.

    `version` is `apps.attrs_version` as read in the same snapshot: an answer computed with an
    older catalog than the one stored must be computed again.
    """

    def __init__(self, app_id: str, version: int, user_attrs: Iterable[Attr]) -> None:
        self.app_id = app_id
        self.version = version
        self.attrs: tuple[Attr, ...] = (*SYSTEM_ATTRS, *user_attrs)

    @cached_property
    def _by_id(self) -> Mapping[str, Attr]:
        return {attr.id: attr for attr in self.attrs}

    @cached_property
    def _forward(self) -> Mapping[tuple[str, str], Attr]:
        return {(attr.etype, attr.label): attr for attr in self.attrs}

    @cached_property
    def _reverse(self) -> Mapping[tuple[str, str], Attr]:
        return {
            (attr.reverse_etype, attr.reverse_label): attr
            for attr in self.attrs
            if attr.reverse_etype is not None and attr.reverse_label is not None
        }

    @cached_property
    def _of_etype(self) -> Mapping[str, tuple[Attr, ...]]:
        grouped: defaultdict[str, list[Attr]] = defaultdict(list)
        for attr in self.attrs:
            grouped[attr.etype].append(attr)
        return {etype: tuple(attrs) for etype, attrs in grouped.items()}

    @cached_property
    def by_ids(self) -> Mapping[str, Attr]:
        """Every attr under its id."""
        return self._by_id

    @cached_property
    def ids_where_required(self) -> list[str]:
        """The attrs of etypes that require any."""
        etypes = {attr.etype for attr in self.attrs if attr.is_required}
        return [attr.id for attr in self.attrs if attr.etype in etypes]

    def by_id(self, attr_id: str) -> Attr | None:
        """The attr with this id."""
        return self._by_id.get(attr_id)

    def forward(self, etype: str, label: str) -> Attr | None:
        """The property or link named `label` on `etype`."""
        return self._forward.get((etype, label))

    def reverse(self, etype: str, label: str) -> Attr | None:
        """The link that is called `label` when seen from `etype`, its far side."""
        return self._reverse.get((etype, label))

    def resolve(self, etype: str, label: str) -> tuple[Attr, Direction] | None:
        """What `label` means on `etype`: forward names win over reverse names."""
        if attr := self.forward(etype, label):
            return attr, "forward"
        if attr := self.reverse(etype, label):
            return attr, "reverse"
        return None

    def id_attr(self, etype: str) -> Attr | None:
        """The attr whose triples make an entity a member of `etype`."""
        return self.forward(etype, "id")

    def of_etype(self, etype: str) -> tuple[Attr, ...]:
        """The attrs whose forward side is `etype`."""
        return self._of_etype.get(etype, ())

    @cached_property
    def wire_json(self) -> bytes:
        """The full attr list as clients receive it, encoded once."""
        return json.dumps([attr.to_wire() for attr in self.attrs])
