"""Edits that the published client's patch rules survive (realtime.md §7.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.edits import edits_between
from tests.unit.presence.entries import after_edits, entries, entry

SAID = {"name": "ann", "n": 1}


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        pytest.param({}, {}, [], id="nobody there"),
        pytest.param({"a": SAID}, {"a": SAID}, [], id="nothing changed"),
        pytest.param(
            {},
            {"a": SAID},
            [[["a"], "+", {"peer-id": "a", "user": None, "data": SAID}]],
            id="joined",
        ),
        pytest.param({"a": SAID}, {}, [[["a"], "-"]], id="left"),
        pytest.param({"a": {}}, {"a": {"x": 1}}, [[["a", "data", "x"], "+", 1]], id="first key"),
        pytest.param(
            {"a": {"x": 1}}, {"a": {"x": 2}}, [[["a", "data", "x"], "r", 2]], id="other value"
        ),
        pytest.param(
            {"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}, [[["a", "data", "y"], "-"]], id="key gone"
        ),
        pytest.param({"a": {"x": 1}}, {"a": {}}, [[["a", "data"], "r", {}]], id="last key gone"),
        pytest.param(
            {"a": {"x": 1}},
            {"a": {"y": 2}},
            [[["a", "data", "y"], "+", 2], [["a", "data", "x"], "-"]],
            id="only key replaced by another: the new one first",
        ),
        pytest.param(
            {"a": {"x": [1]}},
            {"a": {"x": []}},
            [[["a", "data", "x"], "r", []]],
            id="last element gone: the whole array",
        ),
        pytest.param(
            {"a": {"x": {"y": 1}}},
            {"a": {"x": {}}},
            [[["a", "data", "x"], "r", {}]],
            id="last nested key gone: the whole value",
        ),
        pytest.param(
            {"a": {"x": 1}}, {"a": {"x": True}}, [[["a", "data", "x"], "r", True]], id="1 and true"
        ),
        pytest.param({"a": [1]}, {"a": {"x": 1}}, [[["a", "data"], "r", {"x": 1}]], id="was list"),
        pytest.param({"a": {"x": 1}}, {"a": "hi"}, [[["a", "data"], "r", "hi"]], id="is text"),
        pytest.param(
            {"a": {"x": 1}}, {"a": {"x": None}}, [[["a", "data", "x"], "r", None]], id="null value"
        ),
        pytest.param({"a": SAID}, {"a": None}, [[["a", "data"], "r", {}]], id="null is nothing"),
    ],
)
def test_edits_say_what_changed(before: Any, after: Any, edits: Any) -> None:
    assert edits_between(entries(**before), entries(**after)) == edits


def test_strangers_learn_the_id_of_a_user_and_nothing_else() -> None:
    ann = entry("a", {}, {"id": "u1", "email": "ann@example.com"})
    [[_, _, shown]] = edits_between({}, {"a": ann})
    assert shown == {"peer-id": "a", "user": {"id": "u1"}, "data": {}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=4,
)
ROOMS = st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xyz"), JSON))


@given(ROOMS, ROOMS)
def test_client_that_applies_the_edits_shows_the_room(before: Any, after: Any) -> None:
    edits = edits_between(entries(**before), entries(**after))
    assert after_edits(before, edits) == after
