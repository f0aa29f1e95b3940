"""Steps with names to tx-steps, as `@instantdb/core` makes them (transactions-permissions.md §3.1).

Written from the specification and not with the server's own compiler, whose results it is held
against.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from wire.ids import new_id

NAMED_OPS: Final = ("create", "update", "merge", "link", "unlink", "delete", "ruleParams")


class Compiler:
    """Compiles the steps of one write, and defines the attrs that the app lacks."""

    def __init__(self, attrs: Iterable[dict[str, Any]]) -> None:
        self._attrs = list(attrs)
        self._new: list[dict[str, Any]] = []

    def compiled(self, steps: Any) -> Any:
        """The tx-steps, `add-attr` first; whatever is no step with names stays as it is."""
        if not isinstance(steps, list):
            return steps
        done = [one for step in steps for one in self._step(step)]
        return [["add-attr", attr] for attr in self._new] + done

    def _step(self, step: Any) -> list[Any]:
        if not (isinstance(step, list) and step and step[0] in NAMED_OPS):
            return [step]
        op, etype, named = step[:3]
        entity = self._entity(etype, named)
        match op:
            case "delete":
                return [["delete-entity", entity, etype]]
            case "ruleParams":
                return [["rule-params", entity, etype, step[3]]]
            case "link" | "unlink":
                return self._links(op, etype, entity, step[3])
            case _:
                return self._values(op, etype, entity, step[3], _mode(op, step[4:]))

    def _values(
        self, op: str, etype: str, entity: Any, values: dict[str, Any], mode: list[Any]
    ) -> list[Any]:
        written = "deep-merge-triple" if op == "merge" else "add-triple"
        own_id = self._property(etype, "id", unique=True)
        return [["add-triple", entity, own_id, entity, *mode]] + [
            [written, entity, self._property(etype, label), value, *mode]
            for label, value in values.items()
            if label != "id"
        ]

    def _links(self, op: str, etype: str, entity: Any, links: dict[str, Any]) -> list[Any]:
        written = "add-triple" if op == "link" else "retract-triple"
        steps: list[Any] = []
        if isinstance(entity, list):
            own_id = self._property(etype, "id", unique=True)
            steps.append(["add-triple", entity, own_id, entity])
        for label, given in links.items():
            attr, is_forward = self._link(etype, label)
            far = (attr["reverse-identity"] if is_forward else attr["forward-identity"])[1]
            for one in given if isinstance(given, list) else [given]:
                target = self._entity(far, one)
                ends = (entity, target) if is_forward else (target, entity)
                steps.append([written, ends[0], attr["id"], ends[1]])
        return steps

    def _entity(self, etype: str, named: Any) -> Any:
        if not isinstance(named, dict):
            return named
        [(name, value)] = named.items()
        label, _, dotted = name.partition(".")
        if dotted:
            return [self._link(etype, label, cardinality="one", unique=True)[0]["id"], value]
        return [self._property(etype, label, unique=True, index=True), value]

    def _property(self, etype: str, label: str, unique: bool = False, index: bool = False) -> str:
        found = self._named("forward-identity", etype, label)
        return str((found or self._define(etype, label, unique=unique, index=index))["id"])

    def _link(
        self, etype: str, label: str, cardinality: str = "many", unique: bool = False
    ) -> tuple[dict[str, Any], bool]:
        if found := self._named("forward-identity", etype, label):
            return found, True
        if found := self._named("reverse-identity", etype, label):
            return found, False
        defined = self._define(etype, label, unique=unique, index=unique, cardinality=cardinality)
        defined |= {"value-type": "ref", "reverse-identity": [new_id(), label, etype]}
        return defined, True

    def _named(self, side: str, etype: str, label: str) -> dict[str, Any] | None:
        known = [*self._attrs, *self._new]
        return next((a for a in known if a.get(side, [])[1:] == [etype, label]), None)

    def _define(
        self, etype: str, label: str, *, unique: bool, index: bool, cardinality: str = "one"
    ) -> dict[str, Any]:
        attr = {
            "id": new_id(),
            "forward-identity": [new_id(), etype, label],
            "value-type": "blob",
            "cardinality": cardinality,
            "unique?": unique,
            "index?": index,
            "isUnsynced": True,
        }
        self._new.append(attr)
        return attr


def _mode(op: str, options: list[Any]) -> list[Any]:
    if op == "create":
        return [{"mode": "create"}]
    upsert = (options[0] or {}).get("upsert") if options else None
    return [{"mode": "update"}] if upsert is False else []
