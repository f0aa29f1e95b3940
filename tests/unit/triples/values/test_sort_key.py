"""Keys compare bytewise as the values must be ordered (instaql.md §2.4)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from triples.attrs.attr import CheckedDataType
from triples.values.dates import DateUnreadable
from triples.values.sort_key import MAX_KEY_BYTES, NotOfType, sort_key


@pytest.mark.parametrize(
    ("checked_type", "ascending"),
    [
        pytest.param(
            "number",
            [None, -(10**400), -1e308, -2, -1.5, -5e-324, 0, 5e-324, 1, 1.5, 2**53, 1e308, 10**400],
            id="numbers by size",
        ),
        pytest.param("boolean", [None, False, True], id="false before true"),
        pytest.param(
            "date",
            [None, "-infinity", "1500-01-01", -1, "epoch", 1, "2025-01-01T00:00:00+01", "infinity"],
            id="dates by instant, whatever their form",
        ),
        pytest.param(
            "string",
            # What `[…].sort(new Intl.Collator('en-US').compare)` gives in Node.
            [
                None,
                "",
                " ",
                "_",
                "-",
                "!",
                "1",
                "10",
                "2",
                "a",
                "A",
                "ä",
                "Á b",
                "ab",
                "b",
                "Z",
                "ж",
            ],
            id="strings as Intl.Collator has them",
        ),
    ],
)
def test_keys_are_ordered_like_the_values(
    checked_type: CheckedDataType, ascending: list[Any]
) -> None:
    keys = [sort_key(value, checked_type) for value in ascending]
    assert all(lower < higher for lower, higher in itertools.pairwise(keys))


@pytest.mark.parametrize(
    ("checked_type", "left", "right"),
    [
        pytest.param("number", 1, 1.0, id="integer and double"),
        pytest.param("number", 0.0, -0.0, id="both zeros"),
        pytest.param("date", "2025-01-01", 1735689600000, id="two spellings of an instant"),
    ],
)
def test_same_place_in_the_order_is_the_same_key(
    checked_type: CheckedDataType, left: Any, right: Any
) -> None:
    assert sort_key(left, checked_type) == sort_key(right, checked_type)


@pytest.mark.parametrize("text", ["", "\u200b", "\x01", "\ufeff"])
def test_only_null_has_an_empty_key(text: str) -> None:
    assert sort_key(None, "string") == b""
    assert sort_key(text, "string") != b""


def test_longest_indexed_text_keeps_its_whole_key() -> None:
    text = "Àé" * 253
    assert sort_key(text + "a", "string") < sort_key(text + "b", "string")


def test_key_of_ligatures_is_cut_to_what_an_index_holds() -> None:
    assert len(sort_key("\ufdfa" * 337, "string")) == MAX_KEY_BYTES


@pytest.mark.parametrize(
    ("value", "checked_type", "error"),
    [
        pytest.param(1, "string", NotOfType, id="number as string"),
        pytest.param("1", "number", NotOfType, id="string as number"),
        pytest.param(True, "number", NotOfType, id="boolean as number"),
        pytest.param(0, "boolean", NotOfType, id="number as boolean"),
        pytest.param([], "string", NotOfType, id="array as string"),
        pytest.param("soon", "date", DateUnreadable, id="word as date"),
    ],
)
def test_value_of_another_type_has_no_key(
    value: Any, checked_type: CheckedDataType, error: type[ValueError]
) -> None:
    with pytest.raises(error):
        sort_key(value, checked_type)
