"""From a client's `tx-steps` to `Step` values, or the error that says where the input is wrong.

Spec: transactions-permissions.md §2 (forms, coercions) and §6.1 (structure). Nothing here looks at
stored data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from triples.transact.parse_attr import parse_attr, parse_attr_change
from triples.transact.steps import (
    AddAttr,
    DeleteAttr,
    DeleteEntity,
    EntityRef,
    Lookup,
    Mode,
    RestoreAttr,
    RuleParams,
    Step,
    TripleOp,
    TripleStep,
    UpdateAttr,
)
from wire import json
from wire.errors import ValidationFailed
from wire.ids import parse_uuid

MAX_STEPS: Final = 100_000  # two seconds of work; sockets give up a write after five
MAX_DEPTH: Final = 200  # the encoder stops at 254; a step and its frame take some of them

_NUL: Final = "A value in the transaction contains null bytes, which cannot be stored."
_MODES: Final[dict[Any, Mode]] = {"create": "create", "update": "update", "upsert": "upsert"}


def parse_steps(tx_steps: Any) -> list[Step]:
    """The steps in order; raises `ValidationFailed` at the first that has the wrong shape."""
    if not isinstance(tx_steps, list):
        raise _wrong(tx_steps, "coll?", [])
    if len(tx_steps) > MAX_STEPS:
        message = f"A transaction may have at most {MAX_STEPS:,} steps."
        raise ValidationFailed.one("tx-steps", None, message)
    # All of it first: an error quotes the steps, so every one of them must be encodable.
    steps: list[Any] = coerced(tx_steps)
    return [_StepParser(steps, index).parse() for index in range(len(steps))]


def coerced(value: Any, depth: int = 0) -> Any:
    """The value with every uuid in lower case, in nested values and keys too.

    Raises `ValidationFailed` for text with NUL, and for nesting that no encoder follows.
    """
    match value:
        case str():
            if "\0" in value:
                raise ValidationFailed(_NUL)
            return parse_uuid(value) or value
        case list():
            return [coerced(item, _deeper(depth)) for item in value]
        case dict():
            return {coerced(k): coerced(item, _deeper(depth)) for k, item in value.items()}
        case _:
            return value


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise ValidationFailed.one(
            "tx-steps", None, f"A value is nested more than {MAX_DEPTH} levels deep."
        )
    return depth + 1


class _StepParser:
    """Parses the step at one index, knowing the whole list for its errors."""

    def __init__(self, tx_steps: list[Any], index: int) -> None:
        self._all = tx_steps
        self._index = index

    def parse(self) -> Step:
        parts = self._all[self._index]
        if not isinstance(parts, list):
            self._fail("coll?")
        name = parts[0] if parts else None
        parser = _PARSERS.get(name) if isinstance(name, str) else None
        if parser is None:
            self._fail("a known tx-step", 0)
        return parser(self, parts)

    def triple_with_mode(self, parts: list[Any]) -> Step:
        self._arity(parts, 4, 5)
        mode = self._mode(parts[4]) if len(parts) == 5 else "upsert"
        return self._triple(parts, mode)

    def triple(self, parts: list[Any]) -> Step:
        self._arity(parts, 4, 4)
        return self._triple(parts, "upsert")

    def increment(self, parts: list[Any]) -> Step:
        self._arity(parts, 4, 4)
        delta = parts[3]
        if not isinstance(delta, int | float) or isinstance(delta, bool):
            self._fail("number?", 3)
        return self._triple(parts, "upsert")

    def delete_entity(self, parts: list[Any]) -> Step:
        self._arity(parts, 2, 3)
        etype = parts[2] if len(parts) == 3 else None
        if etype is not None and not isinstance(etype, str):
            self._fail("string?", 2)
        return DeleteEntity(self._index, self._entity(parts[1]), etype)

    def rule_params(self, parts: list[Any]) -> Step:
        self._arity(parts, 4, 4)
        entity, etype, params = self._entity(parts[1]), parts[2], parts[3]
        if not isinstance(etype, str):
            self._fail("string?", 2)
        if not isinstance(params, dict):
            self._fail("map?", 3)
        return RuleParams(self._index, entity, etype, params)

    def add_attr(self, parts: list[Any]) -> Step:
        self._arity(parts, 2, 2)
        return AddAttr(self._index, parse_attr(parts[1], self._fail))

    def update_attr(self, parts: list[Any]) -> Step:
        self._arity(parts, 2, 2)
        return UpdateAttr(self._index, parse_attr_change(parts[1], self._fail))

    def delete_attr(self, parts: list[Any]) -> Step:
        self._arity(parts, 2, 2)
        return DeleteAttr(self._index, self._attr_id(parts[1], 1))

    def restore_attr(self, parts: list[Any]) -> Step:
        self._arity(parts, 2, 2)
        return RestoreAttr(self._index, self._attr_id(parts[1], 1))

    def _triple(self, parts: list[Any], mode: Mode) -> Step:
        op: TripleOp = parts[0]
        entity = self._entity(parts[1])
        return TripleStep(op, self._index, entity, self._attr_id(parts[2], 2), parts[3], mode)

    def _entity(self, part: Any) -> EntityRef:
        found = parse_uuid(part) or Lookup.parse(part)
        if found is None:
            raise ValidationFailed.of(
                "tx-steps",
                self._all,
                [
                    {
                        "message": f"Invalid entity ID '{_shown(part)}'. Entity IDs must be UUIDs."
                        " Use id() or lookup() to generate a valid UUID.",
                        "in": [self._index, 1],
                    }
                ],
            )
        return found

    def _attr_id(self, part: Any, position: int) -> str:
        attr_id = parse_uuid(part)
        if attr_id is None:
            self._fail("uuid?", position)
        return attr_id

    def _mode(self, options: Any) -> Mode:
        if options is None:
            return "upsert"
        if not isinstance(options, dict):
            self._fail("map?", 4)
        mode = options.get("mode")
        if mode is None:
            return "upsert"
        if not isinstance(mode, str) or mode not in _MODES:
            self._fail("create, update or upsert", 4, "mode")
        return _MODES[mode]

    def _arity(self, parts: list[Any], least: int, most: int) -> None:
        if not least <= len(parts) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            self._fail(f"{wanted} elements")

    def _fail(self, expected: str, *where: int | str) -> NoReturn:
        raise _wrong(self._all, expected, [self._index, *where])


def _wrong(tx_steps: Any, expected: str, where: list[int | str]) -> ValidationFailed:
    return ValidationFailed.of("tx-steps", tx_steps, [{"expected": expected, "in": where}])


def _shown(part: Any) -> str:
    return part if isinstance(part, str) else json.dumps(part).decode()


_PARSERS: Final[dict[str, Callable[[_StepParser, list[Any]], Step]]] = {
    "add-triple": _StepParser.triple_with_mode,
    "deep-merge-triple": _StepParser.triple_with_mode,
    "retract-triple": _StepParser.triple,
    "increment-triple": _StepParser.increment,
    "expect-triple": _StepParser.triple,
    "delete-entity": _StepParser.delete_entity,
    "rule-params": _StepParser.rule_params,
    "add-attr": _StepParser.add_attr,
    "update-attr": _StepParser.update_attr,
    "delete-attr": _StepParser.delete_attr,
    "restore-attr": _StepParser.restore_attr,
}
