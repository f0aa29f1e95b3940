"""Every row of instaql.md §2.9: the key, where, and the message, exactly.

Refusals come from checking the query against the catalog, so no database is asked.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.instaql.refused import (
    ROW_ID,
    WHERE,
    assert_refused,
    attr_id,
    nested,
    refusal,
    users,
    world,
)
from triples.instaql.answer import Viewer, prepare_query
from wire import json

NOT_POSITIVE = "The {} field must be a positive integer. Got {}."
ONLY_TOP = (
    "We currently only support `offset`, `before`, and `after` clauses on the top-level field."
    " Limit fields will be ignored"
)
ONLY_OPTIONS = "We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses."


@pytest.mark.parametrize(
    ("query", "at", "expected", "message"),
    [
        pytest.param([], [], "map?", None, id="query is a list"),
        pytest.param("users", [], "map?", None, id="query is text"),
        pytest.param({"users": 1}, ["users"], "map?", None, id="form is a number"),
        pytest.param(
            {"users": {"shelves": []}}, ["users", "shelves"], "map?", None, id="nested form"
        ),
        pytest.param(users(where=1), WHERE, "map?", None, id="where is a number"),
        pytest.param(nested(where=[]), ["users", "shelves", "$", "where"], "map?", None, id="n.w."),
        pytest.param(users(order=1), ["users", "$", "order"], "map?", None, id="order a number"),
        pytest.param({"users": {"$": 1}}, ["users", "$"], "map?", None, id="options a number"),
        pytest.param({"users": {"$": []}}, ["users", "$"], "map?", None, id="options a list"),
        pytest.param(users(order="asc"), ["users", "$", "order"], "map?", None, id="order is text"),
        pytest.param(
            nested(sort=1),
            ["users", "shelves", "$"],
            "supported-options?",
            ONLY_OPTIONS,
            id="unknown nested option",
        ),
        pytest.param(
            nested(limit=0),
            ["users", "shelves", "$", "limit"],
            "supported-options?",
            NOT_POSITIVE.format("limit", "0"),
            id="nested limit 0",
        ),
        pytest.param(
            nested(where={"users": "x"}),
            ["users", "shelves", "$", "where", "users"],
            "uuid?",
            'Expected users to be a uuid, got "x"',
            id="nested reverse link is text",
        ),
        pytest.param(
            users(sort=1), ["users", "$"], "supported-options?", ONLY_OPTIONS, id="unknown option"
        ),
        *(
            pytest.param(
                users(**{name: value}),
                ["users", "$", name],
                "supported-options?",
                NOT_POSITIVE.format(name, json.dumps(value).decode()),
                id=f"{name} {value!r}",
            )
            for name in ("limit", "first", "last")
            for value in (0, -1, 1.5, "1", True, [1])
        ),
        *(
            pytest.param(
                users(offset=value),
                ["users", "$", "offset"],
                "supported-options?",
                f"The offset field must be a non-negative integer. Got {text}.",
                id=f"offset {text}",
            )
            for value, text in ((-1, "-1"), ("1", '"1"'), (1.5, "1.5"))
        ),
        pytest.param(
            users(limit=1, first=1),
            ["users", "$"],
            "supported-options?",
            "Only provide one of `limit` or `first`.",
            id="limit and first",
        ),
        pytest.param(
            users(limit=1, first=1, last=1),
            ["users", "$"],
            "supported-options?",
            "Only provide one of `limit` or `first` or `last`.",
            id="all three",
        ),
        *(
            pytest.param(
                nested(**{name: value}),
                ["users", "shelves", "$"],
                "supported-options?",
                ONLY_TOP,
                id=f"nested {name}",
            )
            for name, value in (
                ("offset", 1),
                ("before", [ROW_ID, attr_id("id"), ROW_ID, 1]),
                ("after", [ROW_ID, attr_id("id"), ROW_ID, 1]),
            )
        ),
        pytest.param(
            users(aggregate="sum"),
            ["users", "$", "aggregate"],
            "supported-options?",
            'The aggregate field only accepts "count", got "sum".',
            id="aggregate sum",
        ),
        pytest.param(
            {"users": {"$": {"aggregate": "count"}, "shelves": {}}},
            ["users", "$", "aggregate"],
            "valid-query?",
            "You can not combine aggregates with child queries at this time.",
            id="aggregate with children",
        ),
        pytest.param(
            users(fields="handle"),
            ["users", "$", "fields"],
            "array?",
            "The `fields` property should be an array of field names.",
            id="fields is text",
        ),
        *(
            pytest.param(
                users(**{name: "yes"}), ["users", "$", name], "boolean?", None, id=f"{name} text"
            )
            for name in ("afterInclusive", "beforeInclusive")
        ),
        *(
            pytest.param(
                users(**{end: cursor}),
                ["users", "$", end],
                "join-row?",
                f"Expected a {what}",
                id=f"{end}: {i}",
            )
            for end in ("after", "before")
            for cursor, what, i in (
                (1, "join row for the cursor, got 1.", "cursor a number"),
                ("x", 'join row for the cursor, got "x".', "cursor text"),
                ([1], "join row with 4 items for the cursor, got [1].", "cursor too short"),
                (
                    [ROW_ID, "x", 1, 1],
                    "join row with a uuid attribute id in the second position,"
                    f' got ["{ROW_ID}","x",1,1].',
                    "cursor's attr",
                ),
                (
                    [ROW_ID, ROW_ID, 1, "x"],
                    "join row with an integer created_at in the last position,"
                    f' got ["{ROW_ID}","{ROW_ID}",1,"x"].',
                    "cursor's time",
                ),
            )
        ),
        pytest.param(
            users(after=[ROW_ID, attr_id("age"), 1, 1], order={"handle": "asc"}),
            ["users", "$", "after"],
            "valid-cursor?",
            "Invalid after cursor. The query orders by `handle`,"
            " but the query that returned the cursor orders by `age`.",
            id="cursor of another order",
        ),
        pytest.param(
            users(before=[ROW_ID, attr_id("age"), 1, 1]),
            ["users", "$", "before"],
            "valid-cursor?",
            "Invalid before cursor. The query orders by `serverCreatedAt`,"
            " but the query that returned the cursor orders by `age`.",
            id="cursor of another order than time",
        ),
        pytest.param(
            users(after=[ROW_ID, ROW_ID, 1, 1]),
            ["users", "$", "after"],
            "valid-cursor?",
            "Invalid after cursor. The query orders by `serverCreatedAt`,"
            " but the query that returned the cursor orders by a missing attribute.",
            id="cursor of no order",
        ),
        pytest.param(
            users(order={"handle": "asc", "age": "asc"}),
            ["users", "$", "order"],
            "single-key?",
            "We only support a single key in the `order` clause. Got handle,age.",
            id="order by two",
        ),
        pytest.param(
            users(order={"handle": "DESC"}),
            ["users", "$", "order", "handle"],
            "valid-direction?",
            'We only support "asc" or "desc" in the `order` clause. Got "DESC".',
            id="direction",
        ),
        pytest.param(
            users(order={"k": "asc"}),
            ["users", "$", "order"],
            "supported-order?",
            "There is no `k` attribute for users.",
            id="order by nothing",
        ),
        pytest.param(
            users(order={"bio": "asc"}),
            ["users", "$", "order"],
            "supported-order?",
            "The `users.bio` attribute is not indexed."
            " Only indexed and typed attributes can be used to order by.",
            id="order not indexed",
        ),
        pytest.param(
            users(order={"nick": "asc"}),
            ["users", "$", "order"],
            "supported-order?",
            "The `users.nick` attribute is not typed."
            " Only typed and indexed attributes can be used to order by.",
            id="order not typed",
        ),
        *(
            pytest.param(
                users(where={kind: []}),
                ["users", "$", kind],
                "non-empty-list?",
                f"The list of `{kind}` conditions can't be empty.",
                id=f"empty {kind}",
            )
            for kind in ("or", "and")
        ),
        pytest.param(
            users(where={"shelves": "hello"}),
            [*WHERE, "shelves"],
            "uuid?",
            'Expected shelves to be a uuid, got "hello"',
            id="link is text",
        ),
        pytest.param(
            users(where={"shelves": {"$in": ["hello", ROW_ID]}}),
            [*WHERE, "shelves"],
            "uuid?",
            f'Expected shelves to match on a uuid, found "hello" in ["hello","{ROW_ID}"]',
            id="link in texts",
        ),
    ],
)
def test_refused_query(query: Any, at: list[Any], expected: str, message: str | None) -> None:
    assert_refused(query, at, expected, message)


def test_every_problem_of_one_level_is_told_at_once() -> None:
    error = refusal(users(limit=-1, offset="x"))
    assert [each["in"][-1] for each in error["hint"]["errors"]] == ["limit", "offset"]
    assert error["message"] == (
        "Validation failed for query: The limit field must be a positive integer. Got -1.,"
        ' The offset field must be a non-negative integer. Got "x".'
    )


def test_visitor_may_count() -> None:
    """Other than in §2.9, whose `admin?` is for admins only: rules are applied (issue 2)."""
    visitor = Viewer(is_admin=False, user_id=None)
    assert prepare_query(users(aggregate="count"), world().catalog, visitor)
