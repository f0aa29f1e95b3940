"""Kinds of JSON values (transactions-permissions.md §1.5, §6.3)."""

from __future__ import annotations

from typing import Any

import pytest

from triples.attrs.attr import CheckedDataType
from triples.values.kinds import has_checked_type, inferred_type_bit, json_type_name


@pytest.mark.parametrize(
    ("value", "name", "bit"),
    [
        (None, "null", 0),
        (1, "number", 1),
        (1.5, "number", 1),
        ("a", "string", 2),
        (True, "boolean", 4),
        ([], "array", 8),
        ({}, "object", 8),
    ],
)
def test_value_has_a_name_and_a_bit(value: Any, name: str, bit: int) -> None:
    assert (json_type_name(value), inferred_type_bit(value)) == (name, bit)


@pytest.mark.parametrize(
    ("value", "checked_type", "accepted"),
    [
        pytest.param(None, "number", True, id="null is any type"),
        pytest.param(1, "number", True, id="number"),
        pytest.param(True, "number", False, id="boolean is no number"),
        pytest.param("1", "number", False, id="text is no number"),
        pytest.param("a", "string", True, id="string"),
        pytest.param({}, "string", False, id="object is no string"),
        pytest.param(False, "boolean", True, id="boolean"),
        pytest.param(0, "boolean", False, id="number is no boolean"),
        pytest.param(0, "date", True, id="milliseconds"),
        pytest.param("2025-01-01", "date", True, id="date text"),
        pytest.param("now", "date", True, id="relative date"),
        pytest.param("2025-01-0", "date", False, id="no date"),
        pytest.param(1e300, "date", False, id="too many milliseconds"),
    ],
)
def test_checked_type_accepts(value: Any, checked_type: CheckedDataType, accepted: bool) -> None:
    assert has_checked_type(value, checked_type) is accepted
