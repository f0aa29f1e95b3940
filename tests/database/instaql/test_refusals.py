"""Every row of instaql.md §2.9: the key, where, and the message, exactly.

Refusals come from checking the query against the catalog, so no database is asked.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.oracle.world import World, WorldBuilder
from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql.answer import Viewer, prepare_query
from wire import json
from wire.errors import ValidationFailed
from wire.ids import new_id

ADMIN = Viewer(is_admin=True, user_id=None)
GUEST = Viewer(is_admin=False, user_id=None)
ROW_ID = new_id()


@cache
def world() -> World:
    """Users and their shelves, with attrs of every state."""
    builder = WorldBuilder()
    builder.blob("users", "handle", "string", indexed=True, unique=True)
    builder.blob("users", "age", "number", indexed=True)
    builder.blob("users", "born", "date", indexed=True)
    builder.blob("users", "isAdmin", "boolean", indexed=True)
    builder.blob("users", "bio", "string")
    builder.blob("users", "nick", indexed=True)
    builder.blob("users", "notes")
    builder.link("users", "shelves", "shelves", "users")
    builder.blob("shelves", "name")
    return builder.build()


def attr_id(label: str) -> str:
    """The id of an attr of users."""
    attr = world().catalog.forward("users", label)
    assert attr is not None
    return attr.id


def refusal(query: Any, viewer: Viewer = ADMIN, catalog: AttrCatalog | None = None) -> Any:
    """The error's hint and message."""
    with pytest.raises(ValidationFailed) as caught:
        prepare_query(query, catalog or world().catalog, viewer)
    return caught.value.to_wire()


def users(**options: Any) -> dict[str, Any]:
    """A top-level form with options."""
    return {"users": {"$": options}}


def nested(**options: Any) -> dict[str, Any]:
    """The same one level down."""
    return {"users": {"shelves": {"$": options}}}


NOT_POSITIVE = "The {} field must be a positive integer. Got {}."
ONLY_TOP = (
    "We currently only support `offset`, `before`, and `after` clauses on the top-level field."
    " Limit fields will be ignored"
)
ONLY_OPTIONS = "We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses."
WHERE = ["users", "$", "where"]


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
                users(after=cursor),
                ["users", "$", "after"],
                "join-row?",
                f"Expected a {what}",
                id=i,
            )
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
    error = refusal(query)
    (first, *_) = error["hint"]["errors"]
    assert error["type"] == "validation-failed"
    assert error["hint"]["data-type"] == "query"
    assert error["hint"]["input"] == query
    assert (first["expected"], first["in"], first.get("message")) == (expected, at, message)
    suffix = f": {message}" if message else ""
    assert error["message"].startswith(f"Validation failed for query{suffix}")


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
            None,
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
    where: dict[str, Any], at: list[str], expected: str, message: str | None
) -> None:
    """These errors have the key `expected?`, with its question mark."""
    error = refusal(users(where=where))
    (first, *_) = error["hint"]["errors"]
    assert (first["expected?"], first["in"]) == (expected, [*WHERE, *at])
    assert message is None or first["message"] == message


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
