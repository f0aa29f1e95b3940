"""JSON of any depth, and what cannot be JSON."""

from __future__ import annotations

import json as standard
import time
from contextlib import suppress
from typing import Any

import pytest

from wire import json

DEEP = b'{"a":' * 2_000 + b"1" + b"}" * 2_000


def nested(levels: int, innermost: Any) -> Any:
    """A value inside so many lists of one object."""
    value = innermost
    for _ in range(levels):
        value = [1, {"a": value, 'quo"te': None}, "ü"]
    return value


@pytest.mark.parametrize("levels", [0, 1, 126, 127, 128, 300])
@pytest.mark.parametrize(
    "innermost", [pytest.param({}, id="object"), pytest.param([], id="list"), 1.5, "\u2028", True]
)
def test_value_is_encoded_however_deep_it_is(levels: int, innermost: Any) -> None:
    value = nested(levels, innermost)
    assert standard.loads(json.dumps(value)) == value


@pytest.mark.parametrize("levels", [1, 300])
def test_encoded_pieces_are_spliced_in(levels: int) -> None:
    text = json.dumps(nested(levels, json.raw(b'{"b":2}')))
    assert standard.loads(text) == nested(levels, {"b": 2})


@pytest.mark.parametrize("levels", [1, 300])
@pytest.mark.parametrize("value", [pytest.param(object(), id="object"), "\ud800"])
def test_what_is_no_json_is_refused(levels: int, value: Any) -> None:
    with pytest.raises(TypeError):
        json.dumps(nested(levels, value))


@pytest.mark.parametrize("text", [rb'{"a":"\ud83d"}', rb'{"\udc4d":[1]}', b'{"a":"whole"}'])
def test_what_cannot_be_stored_can_still_be_passed_on(text: bytes) -> None:
    value = json.loads_any(text)
    assert json.loads_any(json.dumps_any(value)) == value


@pytest.mark.parametrize(
    "text", [b"{", b'{"a":NaN}', b"-Infinity", b"1e999", b'"\xff"', b"[" * 100_000, DEEP + b"}"]
)
def test_what_is_no_json_is_none_for_anybody(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each parser has its own kind
        json.loads_any(text)


@pytest.mark.parametrize(
    "levels", [1, 300, json.KEPT_LEVELS, json.KEPT_LEVELS + 1, 1_000, 5_000, 200_000]
)
@pytest.mark.parametrize(
    "beside", ["whole", '"]}', "[{", "\\", '\\"[', pytest.param("\ud83d", id="half a character")]
)
def test_what_stands_beside_too_deep_a_value_is_read(levels: int, beside: str) -> None:
    quoted = standard.dumps(beside)
    text = f'{{"a":{quoted},"deep":{"[" * levels}{quoted}{"]" * levels},{quoted}:2}}'
    value = json.loads_any(text)
    assert (value["a"], value[beside]) == (beside, 2)
    assert json.loads_any(json.dumps_any(value)) == value


def test_what_is_too_deep_is_null() -> None:
    value = json.loads_any(f"[{'[' * 2_000}1{']' * 2_000},7]")
    depth = 0
    while isinstance(value, list):
        value, depth = value[0], depth + 1
    assert (value, depth) == (None, json.KEPT_LEVELS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 400_000 + "]" * 400_000, id="deep"),
        pytest.param(f"[{'[' * 900}{']' * 900},{'[],' * 400_000}1]", id="deep, and many beside"),
        pytest.param("[" * 2_000 + '"' + "x[" * 400_000, id="text without an end"),
        pytest.param("[" * 2_000 + "]" * 4_000_000, id="closed too often"),
    ],
)
def test_hostile_depth_is_looked_at_once(text: str) -> None:
    began = time.process_time()
    with suppress(ValueError):
        json.dumps_any(json.loads_any(text))
    assert time.process_time() - began < 5, "looked at again for each level, it takes minutes"
