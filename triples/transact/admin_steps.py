"""From the steps of `POST /admin/transact` to tx-steps (http-api.md §3.3).

Admin steps speak of etypes and labels; tx-steps of attr ids. Attrs that the app lacks are defined
by `add-attr` steps that come first, or named in an error where the caller forbids that. Pure: a
catalog goes in, and the steps are right for that catalog only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog, Direction
from triples.transact.new_attrs import blob, link, lookup_blob, lookup_link
from wire import json
from wire.errors import ValidationFailed
from wire.ids import parse_uuid

LOOKUP_PREFIX: Final = "lookup__"

EntityWire = str | list[Any]
"""A uuid or `[attr-id, value]`."""


@dataclass(frozen=True, slots=True)
class TxSteps:
    """The compiled steps, and the names of the attrs that they define on the way."""

    steps: list[list[Any]]
    defined: frozenset[tuple[str, str]]


def compile_steps(steps: Any, catalog: AttrCatalog, *, may_define_attrs: bool) -> TxSteps:
    """The tx-steps; raises `ValidationFailed` with data-type `steps`."""
    if not isinstance(steps, list):
        raise ValidationFailed.of("steps", steps, [{"expected": "coll?", "in": []}])
    compiler = _Compiler(steps, catalog)
    for index, step in enumerate(steps):
        compiler.compile(index, step)
    new = compiler.new_attrs
    if new and not may_define_attrs:
        names = [f"{attr.etype}.{attr.label}" for attr in new]
        raise ValidationFailed.of(
            "steps",
            steps,
            [{"message": "Attributes are missing in your schema", "hint": {"attributes": names}}],
        )
    defining: list[list[Any]] = [["add-attr", attr.to_wire()] for attr in new]
    names_of_new = frozenset((attr.etype, attr.label) for attr in new)
    return TxSteps(defining + compiler.compiled, names_of_new)


@dataclass(slots=True)
class _Compiler:
    """Compiles one step after the other, and remembers the attrs it had to make up, by name."""

    steps: list[Any]
    catalog: AttrCatalog
    compiled: list[list[Any]] = field(default_factory=list)
    forward: dict[tuple[str, str], Attr] = field(default_factory=dict)
    reverse: dict[tuple[str | None, str | None], Attr] = field(default_factory=dict)
    index: int = 0

    @property
    def new_attrs(self) -> list[Attr]:
        """The attrs made up so far, in their order."""
        return list(self.forward.values())

    def compile(self, index: int, step: Any) -> None:
        """Append the tx-steps of one admin step."""
        self.index = index
        if not isinstance(step, list):
            self._wrong("coll?")
        if not step:
            self._wrong("a known action", 0)
        action = step[0]
        compile_action = _ACTIONS.get(action) if isinstance(action, str) else None
        if compile_action is None:
            self._refuse(f"Unsupported action {_shown(action)}", 0)
        compile_action(self, step)

    def create(self, step: list[Any]) -> None:
        """Values of an entity that must be new."""
        etype, entity, args = self._arguments(step, 4)
        self._write("add-triple", etype, entity, args, "create")

    def update(self, step: list[Any]) -> None:
        """Values of an entity."""
        etype, entity, args = self._arguments(step, 5)
        self._write("add-triple", etype, entity, args, self._mode(step))

    def merge(self, step: list[Any]) -> None:
        """Patches of an entity's values."""
        etype, entity, args = self._arguments(step, 5)
        self._write("deep-merge-triple", etype, entity, args, self._mode(step))

    def link(self, step: list[Any]) -> None:
        """Links from an entity."""
        self._link("add-triple", step)

    def unlink(self, step: list[Any]) -> None:
        """Removal of links from an entity."""
        self._link("retract-triple", step)

    def delete(self, step: list[Any]) -> None:
        """Removal of an entity; what follows the id is ignored."""
        self._arity(step, 3, 5)
        etype = self._etype(step)
        self.compiled.append(["delete-entity", self._entity(etype, step[2], 2), etype])

    def increment(self, step: list[Any]) -> None:
        """Numbers to be added to an entity's values (docs/atomic-updates.md)."""
        etype, entity, args = self._arguments(step, 4)
        self._write("increment-triple", etype, entity, args, None)

    def expect(self, step: list[Any]) -> None:
        """Values that an entity must have before the write (docs/atomic-updates.md)."""
        etype, entity, args = self._arguments(step, 4)
        for label, value in args.items():
            attr = self._attr(etype, label, blob)
            self.compiled.append(["expect-triple", entity, attr.id, value])

    def rule_params(self, step: list[Any]) -> None:
        """Values for permission rules."""
        etype, entity, args = self._arguments(step, 5)
        self.compiled.append(["rule-params", entity, etype, args])

    def raw_attr(self, step: list[Any]) -> None:
        """A step about an attr, which is a tx-step already."""
        self._arity(step, 2, 2)
        self.compiled.append(step)

    def raw_value(self, step: list[Any]) -> None:
        """An atomic update by attr id, which is a tx-step already."""
        self._arity(step, 4, 4)
        self.compiled.append(step)

    # -- parts of a step ----------------------------------------------------------------------

    def _arguments(self, step: list[Any], most: int) -> tuple[str, EntityWire, dict[str, Any]]:
        self._arity(step, 4, most)
        etype = self._etype(step)
        if not isinstance(step[3], dict):
            self._wrong("map?", 3)
        return etype, self._entity(etype, step[2], 2), step[3]

    def _etype(self, step: list[Any]) -> str:
        etype = step[1]
        if not isinstance(etype, str) or not etype.strip():
            self._wrong("non-blank-string?", 1)
        return etype

    def _mode(self, step: list[Any]) -> str | None:
        options = step[4] if len(step) == 5 else None
        if options is None:
            return None
        if not isinstance(options, dict):
            self._wrong("map?", 4)
        upsert = options.get("upsert")
        if upsert is None:
            return None
        return "upsert" if upsert else "update"

    def _write(
        self, op: str, etype: str, entity: EntityWire, args: dict[str, Any], mode: str | None
    ) -> None:
        options = [] if mode is None else [{"mode": mode}]
        id_attr = self._attr(etype, "id", blob)
        self.compiled.append(["add-triple", entity, id_attr.id, entity, *options])
        for label, value in args.items():
            if label != "id":
                attr = self._attr(etype, label, blob)
                self.compiled.append([op, entity, attr.id, value, *options])

    def _link(self, op: str, step: list[Any]) -> None:
        etype, entity, args = self._arguments(step, 5)
        if isinstance(entity, list):
            id_attr = self._attr(etype, "id", blob)
            self.compiled.append(["add-triple", entity, id_attr.id, entity])
        for label, given in args.items():
            attr, direction = self._link_attr(etype, label)
            far = attr.reverse_etype if direction == "forward" else attr.etype
            for target in given if isinstance(given, list) else [given]:
                other = self._entity(far or "", target, 3)
                ends = (entity, other) if direction == "forward" else (other, entity)
                self.compiled.append([op, ends[0], attr.id, ends[1]])

    def _entity(self, etype: str, given: Any, position: int) -> EntityWire:
        """A uuid, or the lookup that `given` spells in one of its three forms."""
        if (entity_id := parse_uuid(given)) is not None:
            return entity_id
        match given:
            case str() if given.startswith(LOOKUP_PREFIX):
                name, _, encoded = given.removeprefix(LOOKUP_PREFIX).partition("__")
                return [self._lookup_attr(etype, name).id, self._lookup_value(name, encoded)]
            case [str() as name, value] if position == 2:
                return [self._lookup_attr(etype, name).id, value]
            case dict() if len(given) == 1:
                ((name, value),) = given.items()
                return [self._lookup_attr(etype, name).id, value]
            case _:
                self._refuse(
                    f"Invalid entity ID '{_shown(given)}'."
                    " Entity IDs must be UUIDs or lookup references.",
                    position,
                )

    def _lookup_value(self, name: str, encoded: str) -> Any:
        try:
            return json.loads(encoded)
        except json.JsonError:
            raise ValidationFailed.of(
                "steps",
                self.steps,
                [
                    {
                        "message": "lookup value is invalid",
                        "hint": {"attribute": name, "value": encoded},
                    }
                ],
            ) from None

    def _lookup_attr(self, etype: str, name: str) -> Attr:
        label, dot, rest = name.partition(".")
        if not label or (dot and rest != "id"):
            self._refuse(f"{name} is not a valid lookup attribute.")
        attr = self._attr(etype, label, lookup_link if dot else lookup_blob)
        if not attr.is_unique or bool(dot) != attr.is_ref:
            self._refuse(f"{name} is not a unique attribute on {etype}")
        return attr

    def _attr(self, etype: str, label: str, define: Callable[[str, str], Attr]) -> Attr:
        """The property or forward link with this name, made up where there is none."""
        if found := self.catalog.forward(etype, label):
            return found
        if self.catalog.reverse(etype, label) and define in (lookup_blob, lookup_link):
            self._refuse(f"{label} is not a unique attribute on {etype}")
        if made := self.forward.get((etype, label)):
            return made
        if not label.strip():
            self._wrong("non-blank-string?", 3, label)
        attr = self.forward[etype, label] = define(etype, label)
        self.reverse.setdefault((attr.reverse_etype, attr.reverse_label), attr)
        return attr

    def _link_attr(self, etype: str, label: str) -> tuple[Attr, Direction]:
        if found := self.catalog.resolve(etype, label):
            return found
        if made := self.reverse.get((etype, label)):
            return made, "reverse"
        return self._attr(etype, label, link), "forward"

    # -- refusals -----------------------------------------------------------------------------

    def _arity(self, step: list[Any], least: int, most: int) -> None:
        if not least <= len(step) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            self._wrong(f"{wanted} elements")

    def _wrong(self, expected: str, *where: int | str) -> NoReturn:
        error = {"expected": expected, "in": [self.index, *where]}
        raise ValidationFailed.of("steps", self.steps, [error])

    def _refuse(self, message: str, *where: int) -> NoReturn:
        error: dict[str, Any] = {"message": message}
        if where:
            error["in"] = [self.index, *where]
        raise ValidationFailed.of("steps", self.steps, [error])


def _shown(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given).decode()


_ACTIONS: Final[dict[str, Callable[[_Compiler, list[Any]], None]]] = {
    "create": _Compiler.create,
    "update": _Compiler.update,
    "merge": _Compiler.merge,
    "link": _Compiler.link,
    "unlink": _Compiler.unlink,
    "delete": _Compiler.delete,
    "increment": _Compiler.increment,
    "expect": _Compiler.expect,
    "ruleParams": _Compiler.rule_params,
    "add-attr": _Compiler.raw_attr,
    "delete-attr": _Compiler.raw_attr,
    "increment-triple": _Compiler.raw_value,
    "expect-triple": _Compiler.raw_value,
}
