"""The shape of tx-steps, and the words for what is wrong with it (§6.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from triples.transact.parse import MAX_DEPTH, MAX_STEPS, parse_steps
from triples.transact.steps import (
    AddAttr,
    DeleteAttr,
    DeleteEntity,
    Lookup,
    RestoreAttr,
    RuleParams,
    TripleStep,
    UpdateAttr,
)
from wire.errors import ValidationFailed
from wire.ids import new_id

E, A = new_id(), new_id()
ATTR: dict[str, Any] = {
    "id": A,
    "forward-identity": [E, "todos", "title"],
    "value-type": "blob",
    "cardinality": "one",
    "unique?": False,
    "index?": True,
    "isUnsynced": True,
}


def attr_but_for(**changes: Any) -> list[Any]:
    """An `add-attr` step with other fields; `...` leaves one out."""
    merged = ATTR | {key.replace("_", "-"): value for key, value in changes.items()}
    return ["add-attr", {key: value for key, value in merged.items() if value is not ...}]


@pytest.mark.parametrize(
    ("step", "parsed"),
    [
        (["add-triple", E.upper(), A, 1], TripleStep("add-triple", 0, E, A, 1)),
        (["add-triple", E, A, 1, None], TripleStep("add-triple", 0, E, A, 1)),
        (["add-triple", E, A, 1, {}], TripleStep("add-triple", 0, E, A, 1)),
        (
            ["deep-merge-triple", E, A, 1, {"mode": "create"}],
            TripleStep("deep-merge-triple", 0, E, A, 1, "create"),
        ),
        (
            ["retract-triple", [A, {"b": 1}], A, None],
            TripleStep("retract-triple", 0, Lookup.of(A, {"b": 1.0}), A, None),
        ),
        (["increment-triple", E, A, -0.5], TripleStep("increment-triple", 0, E, A, -0.5)),
        (["expect-triple", E, A, None], TripleStep("expect-triple", 0, E, A, None)),
        (["delete-entity", E], DeleteEntity(0, E, None)),
        (["delete-entity", E, "todos"], DeleteEntity(0, E, "todos")),
        (["rule-params", E, "todos", {"a": 1}], RuleParams(0, E, "todos", {"a": 1})),
        (["delete-attr", A], DeleteAttr(0, A)),
        (["restore-attr", A.upper()], RestoreAttr(0, A)),
    ],
)
def test_step_is_understood(step: Any, parsed: Any) -> None:
    assert parse_steps([step]) == [parsed]


def test_attr_is_understood() -> None:
    (step,) = parse_steps([attr_but_for(checked_data_type="date")])
    assert isinstance(step, AddAttr)
    attr = step.attr
    assert (attr.etype, attr.label, attr.is_indexed, attr.checked_data_type) == (
        "todos",
        "title",
        True,
        "date",
    )


def test_absent_parts_of_a_change_are_left_alone() -> None:
    (step,) = parse_steps([["update-attr", {"id": A, "unique?": None, "index?": False}]])
    assert isinstance(step, UpdateAttr)
    assert (step.change.is_unique, step.change.is_indexed, step.change.forward) == (
        None,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        (None, []),
        ({}, []),
        ("x", []),
        (["x"], [0]),
        ([[]], [0, 0]),
        ([["drop-table"]], [0, 0]),
        ([[["add-triple"]]], [0, 0]),
        ([["add-triple", E, A]], [0]),
        ([["add-triple", E, A, 1, None, None]], [0]),
        ([["retract-triple", E, A, 1, None]], [0]),
        ([["add-triple", E, "title", 1]], [0, 2]),
        ([["add-triple", E, A, 1, "create"]], [0, 4]),
        ([["add-triple", E, A, 1, {"mode": "replace"}]], [0, 4, "mode"]),
        ([["increment-triple", E, A, True]], [0, 3]),
        ([["increment-triple", E, A, "1"]], [0, 3]),
        ([["delete-entity", E, 7]], [0, 2]),
        ([["rule-params", E, "todos", []]], [0, 3]),
        ([["delete-attr", "x"]], [0, 1]),
        ([["add-attr", None]], [0, 1]),
        ([["delete-attr", A], attr_but_for(id="x")], [1, 1, "id"]),
        ([attr_but_for(forward_identity=...)], [0, 1, "forward-identity"]),
        ([attr_but_for(forward_identity=[E, "todos"])], [0, 1, "forward-identity"]),
        ([attr_but_for(forward_identity=["x", "a", "b"])], [0, 1, "forward-identity", 0]),
        ([attr_but_for(forward_identity=[E, " ", "b"])], [0, 1, "forward-identity", 1]),
        ([attr_but_for(forward_identity=[E, "a", 5])], [0, 1, "forward-identity", 2]),
        ([attr_but_for(forward_identity=[E, "a", "b" * 501])], [0, 1, "forward-identity", 2]),
        ([attr_but_for(value_type="ref")], [0, 1, "reverse-identity"]),
        ([attr_but_for(value_type="list")], [0, 1, "value-type"]),
        ([attr_but_for(cardinality=...)], [0, 1, "cardinality"]),
        ([["add-attr", ATTR | {"unique?": 1}]], [0, 1, "unique?"]),
        ([["add-attr", {k: v for k, v in ATTR.items() if k != "index?"}]], [0, 1, "index?"]),
        ([attr_but_for(checked_data_type="json")], [0, 1, "checked-data-type"]),
        ([attr_but_for(on_delete="restrict")], [0, 1, "on-delete"]),
    ],
)
def test_wrong_shape_is_pointed_at(steps: Any, where: list[Any]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_steps(steps)
    (error,) = refused.value.hint["errors"]
    assert refused.value.hint["data-type"] == "tx-steps"
    assert error["in"] == where
    assert error["expected"]
    assert refused.value.message == "Validation failed for tx-steps"


@pytest.mark.parametrize("entity", ["x", 7, None, [A], ["x", 1], [A, 1, 2], {}])
@pytest.mark.parametrize("op", ["add-triple", "delete-entity"])
def test_what_is_no_entity_is_named(op: str, entity: Any) -> None:
    step = [op, entity, A, 1] if op == "add-triple" else [op, entity]
    with pytest.raises(ValidationFailed) as refused:
        parse_steps([["delete-attr", A], step])
    (error,) = refused.value.hint["errors"]
    assert error["in"] == [1, 1]
    shown = entity if isinstance(entity, str) else json.dumps(entity, separators=(",", ":"))
    assert error["message"] == (
        f"Invalid entity ID '{shown}'. Entity IDs must be UUIDs."
        " Use id() or lookup() to generate a valid UUID."
    )


def test_nesting_has_a_limit() -> None:
    def nested(depth: int) -> Any:
        return [nested(depth - 1)] if depth else 1

    parse_steps([["add-triple", E, A, nested(MAX_DEPTH - 2)]])
    with pytest.raises(ValidationFailed, match="nested more than"):
        parse_steps([["an unknown step"], ["add-triple", E, A, nested(MAX_DEPTH - 1)]])
    with pytest.raises(ValidationFailed, match="nested more than"):
        parse_steps([["add-triple", E, A, nested(MAX_DEPTH - 1)]])


def test_lookups_of_equal_values_are_equal() -> None:
    assert Lookup.of(A, {"a": 1, "b": 2}) == Lookup.of(A, {"b": 2.0, "a": 1})
    assert len({Lookup.of(A, True), Lookup.of(A, 1), Lookup.of(A, "1")}) == 3


def test_number_of_steps_has_a_limit() -> None:
    step = ["retract-triple", E, A, 1]
    assert len(parse_steps([step] * MAX_STEPS)) == MAX_STEPS
    with pytest.raises(ValidationFailed, match="at most 100,000 steps"):
        parse_steps([step] * (MAX_STEPS + 1))
