"""What clients' operations come to, and the grammar of `/admin/transact` (§3; http-api.md §3.3)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Refused, Row, attr, invalid, misshapen

GRAMMAR: Final = "the grammar of /admin/transact; the socket has none but tx-steps"
ANN: Final = [["update", "people", "@ann", {"name": "Ann", "email": "~mail"}]]
PLAIN: Final = {
    "value-type": "blob", "cardinality": "one", "unique?": False, "index?": False,
    "required?": False, "catalog": "user",
}  # fmt: skip


def _http(name: str, *steps: Any, **more: Any) -> Row:
    return Row("§3.2", name, list(steps), only="http", why=GRAMMAR, **more)


def _lookups() -> list[Row]:
    spelled: dict[str, Any] = {
        "list": ["email", "~mail"],
        "object": {"email": "~mail"},
        "text": 'lookup__email__"~mail"',
    }
    found = [
        _http(
            f"{op} of an entity named by a {name}",
            [op, "people", lookup, {"meta": {"b": 2}}],
            before=[[["update", "people", "@ann", {"email": "~mail", "meta": {"a": 1}}]]],
            after={"people @ann": {"email": "~mail", "meta": meta}},
        )
        for name, lookup in spelled.items()
        for op, meta in {"update": {"b": 2}, "merge": {"a": 1, "b": 2}}.items()
    ]
    deleted = [
        _http(
            f"delete of an entity named by a {name}",
            ["delete", "people", lookup],
            before=[ANN],
            after={"people @ann": None},
        )
        for name, lookup in spelled.items()
    ]
    targets = [
        _http(
            f"link to {name}",
            ["update", "books", "@book", {}],
            ["link", "books", "@book", {"author": target}],
            before=[ANN],
            after={"books @book": {"author": {"@ann"}}},
        )
        for name, target in {
            "an id": "@ann",
            "an id in a list": ["@ann"],
            "an object": spelled["object"],
            "an object in a list": [spelled["object"]],
            "a text": spelled["text"],
            "a text in a list": [spelled["text"]],
        }.items()
    ]
    return found + deleted + targets


OPERATIONS: Final = [
    Row(
        "§3.1",
        "create stores the id and every value, null too",
        [["create", "people", "@ann", {"id": "@other", "name": None, "age": 3}]],
        after={"people @ann": {"name": None, "age": 3}, "people @other": None},
    ),
    Row(
        "§3.1",
        "update keeps what it does not name",
        [["update", "people", "@ann", {"age": 3}]],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "email": "~mail", "age": 3}},
    ),
    Row(
        "§3.1",
        "update of nobody makes somebody",
        [["update", "people", "@ann", {"age": 3}]],
        after={"people @ann": {"age": 3}},
    ),
    Row(
        "§3.1",
        "update without upsert of nobody is refused",
        [["update", "people", "@ann", {"age": 3}, {"upsert": False}]],
        refused=invalid("tx-step", "Updating entities that don't exist: @ann, @ann"),
    ),
    Row(
        "§3.1",
        "update without upsert of somebody",
        [["update", "people", "@ann", {"age": 3}, {"upsert": False}]],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "email": "~mail", "age": 3}},
    ),
    Row(
        "§3.1",
        "update with upsert",
        [["update", "people", "@ann", {"age": 3}, {"upsert": True}]],
        after={"people @ann": {"age": 3}},
    ),
    Row(
        "§3.1",
        "update with options that are null",
        [["update", "people", "@ann", {"age": 3}, None]],
        after={"people @ann": {"age": 3}},
    ),
    Row(
        "§3.1",
        "merge goes into objects",
        [["merge", "people", "@ann", {"meta": {"a": None, "b": {"y": 2}}, "age": 3}]],
        before=[[["update", "people", "@ann", {"meta": {"a": 1, "b": {"x": 1}}}]]],
        after={"people @ann": {"meta": {"b": {"x": 1, "y": 2}}, "age": 3}},
    ),
    Row(
        "§3.1",
        "merge without upsert of nobody is refused",
        [["merge", "people", "@ann", {"meta": {}}, {"upsert": False}]],
        refused=invalid("tx-step", "Updating entities that don't exist: @ann, @ann"),
    ),
    Row(
        "§3.1",
        "link by its far name",
        [["link", "people", "@ann", {"books": ["@one", "@two"]}]],
        before=[[*ANN, ["update", "books", "@one", {}], ["update", "books", "@two", {}]]],
        after={
            "people @ann": {"name": "Ann", "email": "~mail", "books": {"@one", "@two"}},
            "books @two": {"author": {"@ann"}},
        },
    ),
    Row(
        "§3.1",
        "unlink by either name",
        [
            ["unlink", "people", "@ann", {"friends": ["@bob"]}],
            ["unlink", "people", "@cat", {"friendOf": "@ann"}],
        ],
        before=[
            [
                *ANN,
                *(["update", "people", one, {}] for one in ("@bob", "@cat", "@dan")),
                ["link", "people", "@ann", {"friends": ["@bob", "@cat", "@dan"]}],
            ]
        ],
        after={"people @ann": {"name": "Ann", "email": "~mail", "friends": {"@dan"}}},
    ),
    Row(
        "§3.1",
        "link of an entity named by an unknown value makes it",
        [
            ["update", "books", "@book", {}],
            ["link", "people", {"email": "~mail"}, {"books": "@book"}],
        ],
        after={"people email=~mail": {"email": "~mail", "books": {"@book"}}},
    ),
    Row(
        "§3.1",
        "unlink of an entity named by an unknown value makes it",
        [["unlink", "people", {"email": "~mail"}, {"books": "@book"}]],
        after={"people email=~mail": {"email": "~mail"}},
    ),
    Row(
        "§3.1",
        "link gives neither side an id",
        [["link", "people", "@ann", {"friends": "@bob"}]],
        before=[[["update", "people", "@ann", {}]]],
        after={"people @ann": {}, "people @bob": None},
    ),
    Row(
        "§3.1",
        "delete",
        [["delete", "people", "@ann", None]],
        before=[ANN],
        after={"people @ann": None},
    ),
    Row(
        "§3.1",
        "rule params beside a write",
        [
            ["ruleParams", "people", "@ann", {"secret": "s"}],
            ["update", "people", "@ann", {"age": 3}],
        ],
        after={"people @ann": {"age": 3}},
    ),
    Row(
        "§3.1",
        "entity named by what it links to",
        [["update", "people", {"profile.id": "@it"}, {"age": 3}]],
        before=[
            [["update", "profiles", "@it", {}], ["link", "people", "@ann", {"profile": "@it"}]]
        ],
        after={"people @ann": {"age": 3, "profile": {"@it"}}},
    ),
    Row(
        "§3.1",
        "attrs that are missing are made",
        [
            ["update", "~notes", "@note", {"text": "x"}],
            ["link", "~notes", "@note", {"~tags": "@tag"}],
            ["update", "~tags", {"slug": "~red"}, {}],
            ["update", "~users", {"owner.id": "@note"}, {}],
        ],
        after={"~notes @note": {"text": "x"}, "~tags slug=~red": {"slug": "~red"}},
        attrs={
            "~notes.id": {**PLAIN, "unique?": True, "checked-data-type": None},
            "~notes.text": {**PLAIN, "checked-data-type": None},
            "~notes.~tags": {
                **PLAIN,
                "value-type": "ref",
                "cardinality": "many",
                "reverse-identity": [..., "~tags", "~notes"],
            },
            "~tags.slug": {**PLAIN, "unique?": True, "index?": True},
            "~users.owner": {
                **PLAIN,
                "value-type": "ref",
                "unique?": True,
                "index?": True,
                "reverse-identity": [..., "owner", "~users"],
            },
        },
    ),
]

UNKNOWN: Final[dict[str, list[Any]]] = {
    "explode": ["people", "@ann"],
    "update-attr": [{}],
    "restore-attr": ["@a"],
    "add-triple": ["@ann", "#people.name", "x"],
}
MISSHAPEN: Final[list[tuple[str, Any, str, list[Any]]]] = [
    ("step that is text", ["x"], "coll?", [0]),
    ("step without an action", [[]], "a known action", [0, 0]),
    ("increment of three", [["increment", "people", "@ann"]], "4 elements", [0]),
    ("expectation that is none", [["expect", "people", "@ann", 5]], "map?", [0, 3]),
    ("delete of two", [["delete", "people"]], "3 to 5 elements", [0]),
    (
        "label without a name",
        [["update", "people", "@ann", {" ": 1}]],
        "non-blank-string?",
        [0, 3, " "],
    ),
    ("increment by attr id of three", [["increment-triple", "@ann", "@a"]], "4 elements", [0]),
    ("steps that are text", "x", "coll?", []),
    ("create of five", [["create", "people", "@ann", {}, {}]], "4 elements", [0]),
    ("update of three", [["update", "people", "@ann"]], "4 to 5 elements", [0]),
    ("values that are none", [["update", "people", "@ann", 5]], "map?", [0, 3]),
    ("options that are none", [["update", "people", "@ann", {}, 5]], "map?", [0, 4]),
    ("etype without a name", [["update", "", "@ann", {}]], "non-blank-string?", [0, 1]),
    (
        "second step is wrong",
        [["update", "people", "@ann", {}], ["link", "people", "@ann", []]],
        "map?",
        [1, 3],
    ),
]

GRAMMAR_ROWS: Final = [
    _http(
        "attr steps among the others",
        ["add-attr", attr("color", "~notes.color")],
        ["add-attr", attr("size", "~notes.size")],
        ["delete-attr", "@size"],
        attrs={"~notes.color": {"id": "@color"}, "~notes.size": None},
    ),
    _http(
        "attrs may not be made",
        ["update", "people", "@ann", {"name": "x", "~color": "red"}],
        strict=True,
        refused=Refused(
            "validation-failed",
            "Validation failed for steps: Attributes are missing in your schema",
            {
                "data-type": "steps",
                "errors": [
                    {
                        "message": "Attributes are missing in your schema",
                        "hint": {"attributes": ["people.~color"]},
                    }
                ],
            },
        ),
    ),
    _http(
        "attrs are all there",
        ["update", "people", "@ann", {"name": "x"}],
        strict=True,
        after={"people @ann": {"name": "x"}},
    ),
    *(
        _http(
            f"unknown action {op}",
            [op, *rest],
            refused=invalid("steps", f"Unsupported action {op}", where=[0, 0]),
        )
        for op, rest in UNKNOWN.items()
    ),
    *(
        Row(
            "§3.2",
            name,
            steps,
            only="http",
            why=GRAMMAR,
            refused=misshapen("steps", expected, *where),
        )
        for name, steps, expected, where in MISSHAPEN
    ),
    *(
        _http(
            f"entity {shown}",
            ["update", "people", "@ann", {}],
            ["update", "people", entity, {}],
            refused=invalid(
                "steps",
                f"Invalid entity ID '{shown}'. Entity IDs must be UUIDs or lookup references.",
                where=[1, 2],
            ),
        )
        for entity, shown in [
            ("bad-id", "bad-id"),
            (7, "7"),
            (["email"], '["email"]'),
            ({}, "{}"),
            (None, "null"),
        ]
    ),
    _http(
        "target bad-id",
        ["link", "books", "@book", {"author": "bad-id"}],
        refused=invalid(
            "steps",
            "Invalid entity ID 'bad-id'. Entity IDs must be UUIDs or lookup references.",
            where=[0, 3],
        ),
    ),
    *(
        _http(
            f"lookup by {name}",
            ["update", "people", [name, "x"], {}],
            refused=invalid("steps", message),
        )
        for name, message in {
            "name": "name is not a unique attribute on people",
            "books": "books is not a unique attribute on people",
            "friends.id": "friends.id is not a unique attribute on people",
            "x.y.z": "x.y.z is not a valid lookup attribute.",
            "owner.name": "owner.name is not a valid lookup attribute.",
        }.items()
    ),
    _http(
        "lookup with broken JSON",
        ["update", "people", "lookup__email__{", {}],
        refused=Refused(
            "validation-failed",
            "Validation failed for steps: lookup value is invalid",
            {
                "data-type": "steps",
                "errors": [
                    {
                        "message": "lookup value is invalid",
                        "hint": {"attribute": "email", "value": "{"},
                    }
                ],
            },
        ),
    ),
]

ROWS: Final = [*OPERATIONS, *_lookups(), *GRAMMAR_ROWS]
