"""Bursts of writes to the same values are one write; anything else is not (realtime.md §6.5)."""

from __future__ import annotations

from typing import Any

import pytest

from triples.transact.combine import can_stand_for

UPDATE = {"mode": "update"}
EARLIER: list[Any] = [["add-triple", "e", "x", 1, UPDATE], ["add-triple", "e", "y", 1, UPDATE]]
LATER: list[Any] = [["add-triple", "e", "x", 2, UPDATE], ["add-triple", "e", "y", {"z": 2}, UPDATE]]


def is_one(attr_id: str) -> bool:
    """The attrs x and y have cardinality one."""
    return attr_id in {"x", "y"}


def but_for(index: int, part: int, value: Any) -> list[Any]:
    """The later write with one part of one step replaced."""
    steps = [list(step) for step in LATER]
    steps[index][part] = value
    return steps


def test_same_values_again_stand_for_the_first() -> None:
    assert can_stand_for(LATER, EARLIER, is_one)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(LATER[:1], id="fewer steps"),
        pytest.param([*LATER, LATER[0]], id="more steps"),
        pytest.param(LATER[::-1], id="other order"),
        pytest.param(but_for(1, 0, "deep-merge-triple"), id="other op"),
        pytest.param(but_for(0, 1, "f"), id="other entity"),
        pytest.param(but_for(0, 2, "y"), id="other attr"),
        pytest.param(but_for(0, 4, {"mode": "create"}), id="other mode"),
        pytest.param(but_for(0, 4, None), id="no options"),
        pytest.param([step[:4] for step in LATER], id="four elements"),
        pytest.param("steps", id="no list"),
        pytest.param([None, None], id="no steps"),
        pytest.param(but_for(0, 2, ["x"]), id="attr that is no text"),
    ],
)
def test_other_writes_run_on_their_own(later: Any) -> None:
    assert not can_stand_for(later, EARLIER, is_one)


def test_values_of_cardinality_many_add_up() -> None:
    assert not can_stand_for(LATER, EARLIER, lambda attr_id: attr_id == "x")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        pytest.param(1, ["x", "name"], id="by lookup, which the first one may change"),
        pytest.param(4, {"mode": "create"}, id="creating, which only the first one may"),
    ],
)
def test_equal_writes_of_these_kinds_run_each(part: int, value: Any) -> None:
    steps = but_for(0, part, value)
    assert not can_stand_for(steps, steps, is_one)


def test_empty_writes_run_each() -> None:
    assert not can_stand_for([], [], is_one)
