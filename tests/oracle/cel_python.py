"""cel-python's own evaluator, as a second opinion on rules.

Its semantics are CEL's, and Instant's differ (transactions-permissions.md §19). They agree on the
rules that `tests.properties.rules` makes with `agreed`: operands of one type, keys that are there,
nothing null, no binds, no positions before a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import celpy
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.evaluation import CELEvalError

from triples.permissions.scope import Bindings, RefKey


@dataclass(frozen=True, slots=True)
class Failed:
    """The oracle had no value for the rule."""


FAILED: Final = Failed()


class OracleRule:
    """One rule in cel-python's hands."""

    def __init__(self, text: str, refs: Mapping[RefKey, list[Any]]) -> None:
        self._refs = refs
        self._etypes: dict[str, str] = {}
        environment = celpy.Environment()
        tree = environment.compile(text)
        self._program = environment.program(tree, functions={"ref": self._ref})

    def evaluate(self, bindings: Bindings) -> Any:
        """The rule's value as JSON has it, or `FAILED`."""
        self._etypes = {
            str(bindings.data.get("id")): bindings.etype,
            str(bindings.auth.get("id")): "$users",
        }
        activation = {
            "data": json_to_cel(bindings.data),
            "auth": json_to_cel(bindings.auth),
            "ruleParams": json_to_cel(bindings.rule_params),
        }
        try:
            return _plain(self._program.evaluate(activation))
        except CELEvalError:
            return FAILED

    def _ref(self, entity: celtypes.MapType, path: celtypes.StringType) -> celtypes.ListType:
        entity_id = str(entity[celtypes.StringType("id")])
        labels = tuple(str(path).removeprefix("$user.").split("."))
        values = self._refs[self._etypes[entity_id], entity_id, labels]
        return celtypes.ListType([json_to_cel(value) for value in values])


def _plain(value: Any) -> Any:
    match value:
        case celtypes.BoolType() | bool():
            return bool(value)
        case celtypes.DoubleType():
            return float(value)
        case celtypes.IntType() | celtypes.UintType():
            return int(value)
        case celtypes.StringType():
            return str(value)
        case celtypes.ListType() | list():
            return [_plain(item) for item in value]
        case None:
            return None
    raise TypeError(f"the rule's value is a {type(value).__name__}")
