"""Numbered placeholders: what shares a number, and what keeps its own."""

from __future__ import annotations

from typing import Any

import pytest

from triples.sql.fragment import Fragment, sql
from triples.sql.numbered import numbered


@pytest.mark.parametrize(
    ("fragment", "text", "values"),
    [
        pytest.param(sql("select 1"), "select 1", (), id="no values"),
        pytest.param(sql("a = %s and b = %s", 1, 1), "a = $1 and b = $2", (1, 1), id="no cast"),
        pytest.param(
            sql("a = %s::uuid and b = %s::uuid", "x", "x"),
            "a = $1::uuid and b = $1::uuid",
            ("x",),
            id="the same value and cast",
        ),
        pytest.param(
            sql("a = %s::uuid and b = %s::text", "x", "x"),
            "a = $1::uuid and b = $2::text",
            ("x", "x"),
            id="the same value, another cast",
        ),
        pytest.param(
            sql("a = any(%s::uuid[]) and b = %s::uuid", ["x"], "x"),
            "a = any($1::uuid[]) and b = $2::uuid",
            (["x"], "x"),
            id="a list",
        ),
        pytest.param(sql("a like '50%%' and b = %s", 1), "a like '50%' and b = $1", (1,), id="%"),
    ],
)
def test_placeholders_get_numbers(fragment: Fragment, text: str, values: tuple[Any, ...]) -> None:
    statement = numbered(fragment)

    assert (statement.text.decode(), statement.values) == (text, values)
