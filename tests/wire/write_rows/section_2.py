"""The forms of tx-steps, and what is coerced in them (transactions-permissions.md §2)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Row, attr

BY_ID: Final = "only tx-steps name attrs by id"


def _raw(name: str, *steps: Any, **more: Any) -> Row:
    return Row("§2", name, list(steps), only="socket", why=BY_ID, **more)


def _add(label: str, value: Any, *options: Any) -> list[Any]:
    return ["add-triple", "@ann", f"#people.{label}", value, *options]


ANN: Final = [["update", "people", "@ann", {"name": "Ann"}]]
NAMED: Final = {"people @ann": {"name": "A"}}

OPTIONS: Final[dict[str, list[Any]]] = {
    "of four": [],
    "with null": [None],
    "with no mode": [{}],
    "with a mode that is null": [{"mode": None}],
    "with upsert": [{"mode": "upsert"}],
    "with create": [{"mode": "create"}],
}

ROWS: Final = [
    *(
        _raw(f"add-triple {name}", _add("id", "@ann"), _add("name", "A", *options), after=NAMED)
        for name, options in OPTIONS.items()
    ),
    _raw(
        "add-triple with update", _add("name", "A", {"mode": "update"}), before=[ANN], after=NAMED
    ),
    _raw(
        "deep-merge-triple of four and of five",
        ["deep-merge-triple", "@ann", "#people.meta", {"a": 1}],
        ["deep-merge-triple", "@ann", "#people.meta", {"b": 2}, {"mode": "update"}],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "meta": {"a": 1, "b": 2}}},
    ),
    _raw(
        "retract-triple",
        ["retract-triple", "@ann", "#people.name", "Ann"],
        before=[ANN],
        after={"people @ann": {}},
    ),
    _raw(
        "delete-entity of two", ["delete-entity", "@ann"], before=[ANN], after={"people @ann": None}
    ),
    _raw(
        "delete-entity of three",
        ["delete-entity", "@ann", "people"],
        before=[ANN],
        after={"people @ann": None},
    ),
    _raw(
        "delete-entity with an etype that is null",
        ["delete-entity", "@ann", None],
        before=[ANN],
        after={"people @ann": None},
    ),
    _raw(
        "rule-params write nothing",
        ["rule-params", "@ann", "people", {"secret": "s"}],
        before=[ANN],
        after={"people @ann": {"name": "Ann"}},
    ),
    Row(
        "§2",
        "unknown keys of add-attr are ignored",
        [
            [
                "add-attr",
                {
                    **attr("a", "~notes.text"),
                    "isUnsynced": True,
                    "catalog": "system",
                    "inferred-types": ["number"],
                    "made-up": 1,
                },
            ]
        ],
        attrs={"~notes.text": {"id": "@a", "catalog": "user", "inferred-types": None}},
    ),
    Row(
        "§2",
        "ids are lower case wherever they stand",
        [["update", "people", "@ANN", {"name": "@BOB", "meta": {"@BOB": ["@BOB", {"a": "@BOB"}]}}]],
        after={
            "people @ann": {"name": "@bob", "meta": {"@bob": ["@bob", {"a": "@bob"}]}},
        },
    ),
    Row(
        "§2",
        "list that looks like a lookup is a plain value",
        [["update", "people", "@ann", {"name": ["@bob", 1]}]],
        after={"people @ann": {"name": ["@bob", 1]}},
    ),
    _raw(
        "lookup in value position of a link and of an id",
        ["add-triple", ["#people.email", "~mail"], "#people.id", ["#people.email", "~mail"]],
        ["add-triple", "@book", "#books.id", "@book"],
        ["add-triple", "@book", "#books.author", ["#people.email", "~mail"]],
        after={
            "people email=~mail": {"email": "~mail", "books": {"@book"}},
            "books @book": {"author": {"?"}},
        },
    ),
    _raw(
        "example with everything",
        ["add-attr", {**attr("title", "~todos.title"), "isUnsynced": True}],
        ["add-attr", attr("own", "~todos.id", unique_q=True)],
        ["add-attr", attr("meta", "~todos.meta")],
        ["add-attr", attr("owner", "~todos.owner", to="people.~todos")],
        ["rule-params", "@milk", "~todos", {"secret": "s"}],
        ["add-triple", "@milk", "@own", "@milk", {"mode": "create"}],
        ["add-triple", "@milk", "@title", "Buy milk", {"mode": "create"}],
        ["add-triple", "@milk", "@owner", ["#people.email", "~mail"]],
        ["deep-merge-triple", "@old", "@meta", {"tags": None, "n": {"x": 1}}],
        ["add-triple", "@old", "@own", "@old"],
        ["retract-triple", "@ann", "#people.friends", "@bob"],
        ["delete-entity", ["#people.email", "~bob"], "people"],
        before=[
            [
                ["update", "people", "@ann", {"email": "~mail"}],
                ["update", "people", "@bob", {"email": "~bob"}],
                ["link", "people", "@ann", {"friends": "@bob"}],
            ]
        ],
        after={
            "~todos @milk": {"title": "Buy milk", "owner": {"@ann"}},
            "~todos @old": {"meta": {"tags": None, "n": {"x": 1}}},
            "people @ann": {"email": "~mail", "~todos": {"@milk"}},
            "people @bob": None,
        },
    ),
]
