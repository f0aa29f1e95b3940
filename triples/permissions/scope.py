"""What an expression is evaluated with: the values of its variables, and what it may still do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from triples.permissions.failures import EvaluationFailed, OutOfSteps
from triples.permissions.values import RefValues, Request

RefKey = tuple[str, str, tuple[str, ...]]
"""An etype, an entity of it, and a path from there."""
Taken = dict[tuple[int, str], EvaluationFailed | None]
"""Tokens that were asked for: by which call and for which key, and why there were none."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """The variables of one evaluation (§13.1), as JSON objects by label.

    - `etype`: of `data`; `linked_etype`: of `linked_data`.
    - `auth`: the asker's `$users` row; empty when signed out.
    - `new_data`, `linked_data`, `actions` stay None where the rule's action has none.
    """

    etype: str
    data: dict[str, Any]
    auth: dict[str, Any] = field(default_factory=dict)
    rule_params: dict[str, Any] = field(default_factory=dict)
    request: Request = field(default_factory=Request)
    new_data: dict[str, Any] | None = None
    linked_data: dict[str, Any] | None = None
    linked_etype: str | None = None
    actions: dict[str, Any] | None = None


@dataclass(slots=True)
class Scope:
    """One run of an expression, or several one after the other.

    `data` is the entity that the run is about: that of the bindings, or another in its place.
    `slots` hold the variables of macros and binds. `missing` gathers the refs that the run would
    have needed, beyond `refs`. `steps` is what is left of the budget.
    """

    bindings: Bindings
    refs: Mapping[RefKey, RefValues]
    taken: Taken
    slots: list[Any]
    steps: int
    missing: set[RefKey] = field(default_factory=set)
    data: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.bindings.data

    def charge(self, steps: int) -> None:
        """Use up steps; raises `OutOfSteps` when none is left."""
        self.steps -= steps
        if self.steps < 0:
            raise OutOfSteps
