"""Conditions that instaql.md §2.9 refuses, attrs that are not ready, and plans compiled before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.instaql.refused import (
    ADMIN,
    ROW_ID,
    WHERE,
    assert_refused,
    attr_id,
    refusal,
    users,
    world,
)
from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql.answer import prepare_query
from wire.errors import ValidationFailed
from wire.ids import new_id


@pytest.mark.parametrize(
    ("where", "at", "expected", "message"),
    [
        *(
            pytest.param(
                {label: value},
                [label],
                f"{kind}?",
                f"The data type of `users.{label}` is `{kind}`,"
                f" but the query got the value `{text}` of type `{got}`.",
                id=f"{kind} is {got}",
            )
            for label, kind, value, text, got in (
                ("handle", "string", 1, "1", "number"),
                ("bio", "string", True, "true", "boolean"),
                ("age", "number", "x", '"x"', "string"),
                ("isAdmin", "boolean", 0, "0", "number"),
            )
        ),
        pytest.param(
            {"age": {"$gt": "x"}},
            ["age", "$gt"],
            "number?",
            "The data type of `users.age` is `number`,"
            ' but the query got the value `"x"` of type `string`.',
            id="comparison of another type",
        ),
        *(
            pytest.param(
                {label: test},
                [label, *(name for name in test if name == "$gt")],
                f"{kind}?",
                f"The data type of `users.{label}` is `{kind}`,"
                f" but the query got the value `{text}` of type `{got}`.",
                id=f"{label} {test!r}",
            )
            for label, kind, test, text, got in (
                ("handle", "string", {"$in": ["a", 1]}, "1", "number"),
                ("handle", "string", {"$not": 1}, "1", "number"),
                ("handle", "string", {"$gt": 1}, "1", "number"),
                ("bio", "string", {"$in": [True]}, "true", "boolean"),
                ("age", "number", {"$not": "x"}, '"x"', "string"),
                ("age", "number", {"$gt": True}, "true", "boolean"),
                ("isAdmin", "boolean", {"$gt": "true"}, '"true"', "string"),
            )
        ),
        *(
            pytest.param(
                {"born": {"$gt": value}},
                ["born", "$gt"],
                "date-string?",
                "The data type of `users.born` is `date`,"
                f' but the query got value `"{value}"` of type `string`.',
                id=f"date after {value}",
            )
            for value in ("now", "2025-01-0")
        ),
        *(
            pytest.param(
                {label: {operator: "x"}},
                [label],
                expected,
                f"The `users.{label}` attribute must {must} to use comparison operators.",
                id=f"{operator} on {label}",
            )
            for operator in ("$like", "$ilike", "$gte", "$lt", "$lte")
            for label, expected, must in (
                ("bio", "indexed?", "be indexed"),
                ("notes", "indexed?", "be indexed"),
                ("nick", "checked-data-type?", "have an enforced type"),
                ("shelves", "indexed?", "be indexed"),
            )
        ),
        *(
            pytest.param(
                {"born": value},
                ["born"],
                "date-string?",
                "The data type of `users.born` is `date`,"
                f' but the query got value `"{value}"` of type `string`.',
                id=f"date {value}",
            )
            for value in ("tomorrow", "2025-01-0", "hello")
        ),
        pytest.param(
            {"born": 1e300},
            ["born"],
            "timestamp?",
            "The data type of `users.born` is `date`,"
            " but the query got value `1e+300` of type `number`.",
            id="date out of range",
        ),
        pytest.param(
            {"notes": {"$gt": 1}},
            ["notes"],
            "indexed?",
            "The `users.notes` attribute must be indexed to use comparison operators.",
            id="comparison, not indexed",
        ),
        pytest.param(
            {"nick": {"$gt": 1}},
            ["nick"],
            "checked-data-type?",
            "The `users.nick` attribute must have an enforced type to use comparison operators.",
            id="comparison, not typed",
        ),
        *(
            pytest.param(
                {"handle": {operator: 10}},
                ["handle", operator],
                "string?",
                "The $like value for `users.handle` must be a string,"
                " but the query got the value `10` of type `number`.",
                id=f"{operator} a number",
            )
            for operator in ("$like", "$ilike")
        ),
    ],
)
def test_refused_condition(
    where: dict[str, Any], at: list[str], expected: str, message: str
) -> None:
    """These errors have the key `expected?`, with its question mark."""
    assert_refused(users(where=where), [*WHERE, *at], expected, message, key="expected?")


def test_path_is_named_by_its_last_label() -> None:
    error = refusal({"shelves": {"$": {"where": {"users.age": "x"}}}})
    assert error["hint"]["errors"][0]["in"] == ["shelves", "$", "where", "age"]


def test_null_in_a_list_needs_an_index() -> None:
    error = refusal(users(where={"notes": {"$in": [None]}}))
    message = "Only indexed attrs can check for `nil` in `$in`. users.notes is not indexed."
    assert error["hint"]["errors"][0]["message"] == message


@pytest.mark.parametrize(
    "test",
    [
        pytest.param({"is": 1}, id="unknown operator"),
        pytest.param({"$in": 1}, id="$in is no list"),
        pytest.param({"$isNull": "yes"}, id="$isNull is no boolean"),
        pytest.param(None, id="null"),
        pytest.param([1], id="list"),
        pytest.param({}, id="empty object"),
        pytest.param({"$not": None}, id="$not null"),
        pytest.param({"$not": {"a": 1}}, id="$not object"),
        pytest.param({"$in": [[1]]}, id="list in $in"),
    ],
)
def test_misshapen_condition(test: Any) -> None:
    error = refusal(users(where={"notes": test}))
    assert error["hint"]["data-type"] == "coerced-query"
    assert error["message"].startswith("Validation failed for coerced-query")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"users": {"handle": {}}}, id="nested key"),
        pytest.param(users(where={"handle.name": 1}), id="inside a path"),
    ],
)
def test_property_where_a_link_must_be(query: Any) -> None:
    error = refusal(query)
    assert error["hint"]["data-type"] == "attr"
    assert error["message"] == "Validation failed for attr: users.handle needs to be a link"


def test_order_by_a_link_with_many_ends_names_every_reason() -> None:
    messages = [
        each["message"] for each in refusal(users(order={"shelves": "asc"}))["hint"]["errors"]
    ]
    assert messages == [
        "The `users.shelves` attribute is not indexed."
        " Only indexed and typed attributes can be used to order by.",
        "The `users.shelves` attribute is not typed."
        " Only typed and indexed attributes can be used to order by.",
        "The `users.shelves` attribute has cardinality `many`."
        " Only attributes with cardinality `one` can be used to order by.",
    ]


@pytest.mark.parametrize(
    ("state", "query", "expected"),
    [
        pytest.param(
            {"indexing": True},
            users(order={"k": "asc"}),
            "The `users.k` attribute is still in the process of indexing."
            " It must finish before ordering by the attribute.",
            id="order while indexing",
        ),
        pytest.param(
            {"checking_data_type": True},
            users(order={"k": "asc"}),
            "The `users.k` attribute is still in the process of validating its type."
            " It must finish before ordering by the attribute.",
            id="order while checking",
        ),
        pytest.param(
            {"indexing": True},
            users(where={"k": {"$gt": "a"}}),
            "The `users.k` attribute is still in the process of indexing."
            " It must finish before using comparison operators.",
            id="comparison while indexing",
        ),
        pytest.param(
            {"checking_data_type": True},
            users(where={"k": {"$gt": "a"}}),
            "The `users.k` attribute is still in the process of checking its data type."
            " It must finish before using comparison operators.",
            id="comparison while checking",
        ),
    ],
)
def test_unfinished_attr_is_not_used_yet(state: dict[str, bool], query: Any, expected: str) -> None:
    attr = Attr(
        id=new_id(),
        etype="users",
        label="k",
        forward_ident=new_id(),
        value_type="blob",
        cardinality="one",
        is_indexed=True,
        checked_data_type="string",
        **state,  # type: ignore[arg-type]
    )
    catalog = AttrCatalog(world().app_id, 1, (*world().attrs, attr))
    assert refusal(query, catalog=catalog)["hint"]["errors"][0]["message"] == expected


def test_null_query() -> None:
    error = refusal(None)
    assert error["hint"]["data-type"] in ("add-query", "query")


def test_several_problems_are_told_at_once_or_the_first() -> None:
    assert refusal(users(limit=0))["message"] == (
        "Validation failed for query: The limit field must be a positive integer. Got 0."
    )


@pytest.mark.parametrize(
    ("fine", "refused"),
    [
        pytest.param({"shelves": ROW_ID}, {"shelves": "hello"}, id="link"),
        pytest.param(
            {"shelves": {"$in": [ROW_ID]}}, {"shelves": {"$in": ["hello"]}}, id="link in a list"
        ),
        pytest.param({"born": "2025-01-01"}, {"born": "hello"}, id="date"),
        pytest.param({"born": {"$gt": 1}}, {"born": {"$gt": 1e300}}, id="time"),
        pytest.param({"born": {"$in": ["epoch"]}}, {"born": {"$in": ["now"]}}, id="date in a list"),
    ],
)
def test_query_is_checked_although_one_of_its_shape_was_compiled(
    fine: dict[str, Any], refused: dict[str, Any]
) -> None:
    prepare_query(users(where=fine), world().catalog, ADMIN)
    assert refusal(users(where=refused))["hint"]["input"] == users(where=refused)


def test_cursor_is_checked_although_one_of_its_shape_was_compiled() -> None:
    attr = attr_id("born")
    order = {"born": "asc"}
    prepare_query(users(order=order, after=[ROW_ID, attr, "epoch", 1]), world().catalog, ADMIN)
    broken = users(order=order, after=[ROW_ID, attr, "hello", 1])
    with pytest.raises(ValidationFailed):
        prepare_query(broken, world().catalog, ADMIN)
