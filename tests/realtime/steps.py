"""tx-steps as the published client builds them (realtime.md §6.1), and answers made legible."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

Step = list[Any]


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Namespace:
    """Client-made attrs of one etype: `id` and some plain labels."""

    etype: str
    labels: tuple[str, ...]
    attr_ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, etype: str, *labels: str) -> Namespace:
        return cls(etype, labels, {label: new_id() for label in ("id", *labels)})

    def add_attrs(self) -> list[Step]:
        """The `add-attr` steps that create the namespace."""
        return [["add-attr", self.attr(label)] for label in ("id", *self.labels)]

    def attr(self, label: str) -> dict[str, Any]:
        """One attr, with the same idents every time it is asked for."""
        return {
            "id": self.attr_ids[label],
            "forward-identity": [
                str(uuid.uuid5(uuid.UUID(self.attr_ids[label]), "forward")),
                self.etype,
                label,
            ],
            "value-type": "blob",
            "cardinality": "one",
            "unique?": label == "id",
            "index?": False,
            "isUnsynced": True,
        }

    def put(self, entity: str, mode: str | None = None, **values: Any) -> list[Step]:
        """The `add-triple` steps of an entity, its id first, as the SDK orders them."""
        options = [{"mode": mode}] if mode else []
        return [
            ["add-triple", entity, self.attr_ids[label], value, *options]
            for label, value in {"id": entity, **values}.items()
        ]

    def rows(self, result: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """A wire result as `{entity: {label: value}}`, and a check of its outer shape."""
        label_of = {attr_id: label for label, attr_id in self.attr_ids.items()}
        entities: dict[str, dict[str, Any]] = {}
        for entity, attr, value, created_at in triples_in(result):
            assert isinstance(created_at, int)
            assert created_at > 0
            entities.setdefault(entity, {})[label_of.get(attr, attr)] = value
        return entities


def link_attr() -> dict[str, Any]:
    """A link from goals to many todos, and back."""
    return {
        "id": new_id(),
        "forward-identity": [new_id(), "goals", "todos"],
        "reverse-identity": [new_id(), "todos", "goals"],
        "value-type": "ref",
        "cardinality": "many",
        "unique?": False,
        "index?": False,
    }


def triples_in(result: list[dict[str, Any]]) -> list[list[Any]]:
    """Every triple of a wire result: one node, one row, child-nodes always there (§5.2)."""
    [node] = result
    assert node["child-nodes"] == []
    [row] = node["data"]["datalog-result"]["join-rows"]
    return list(row)
