"""What a write is refused for (transactions-permissions.md §6)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import (
    Door,
    Refused,
    Row,
    attr,
    invalid,
    misshapen,
    raised,
    taken,
)

GRAMMAR: Final = "the shape of tx-steps; §3.2 has that of /admin/transact"
BY_ID: Final = "only tx-steps name attrs by id"
CHECKED_THERE: Final = "/admin/transact looks lookups up by name, in the right etype"


def _shape(name: str, steps: Any, expected: str, *where: Any) -> Row:
    refused = misshapen("tx-steps", expected, *where)
    return Row("§6.1", name, steps, refused=refused, only="socket", why=GRAMMAR)


def _wrong_attr(name: str, expected: str, *where: Any, **changes: Any) -> Row:
    step = ["add-attr", {**attr("a", "~notes.text"), **changes}]
    return _shape(f"add-attr with {name}", [step], expected, 0, 1, *where)


def _bad_id(entity: Any, shown: str) -> Row:
    return Row(
        "§6.1",
        f"entity {shown}",
        [["add-triple", entity, "#people.name", "x"]],
        refused=invalid(
            "tx-steps",
            f"Invalid entity ID '{shown}'. Entity IDs must be UUIDs."
            " Use id() or lookup() to generate a valid UUID.",
            where=[0, 1],
        ),
        only="socket",
        why=GRAMMAR,
    )


def _bad_id_lookup(position: int, step: list[Any]) -> Row:
    return Row(
        "§6.1",
        f"lookup by an id that is none, in position {position}",
        [step],
        refused=invalid(
            "tx-steps",
            "Invalid lookup '[\"#people.id\",\"bob\"]'. The lookup attribute is 'people.id',"
            " but the lookup value is not a valid UUID.",
            where=[0, position],
        ),
        only="socket",
        why=BY_ID,
    )


STRUCTURE: Final = [
    _shape("steps that are null", None, "coll?"),
    _shape("steps that are an object", {}, "coll?"),
    _shape("steps that are text", "delete", "coll?"),
    _shape("step that is text", ["add-triple"], "coll?", 0),
    _shape("step that is an object", [["delete-entity", "@ann"], {}], "coll?", 1),
    _shape("step without an op", [[]], "a known tx-step", 0, 0),
    _shape("step of an unknown op", [["drop-table", "people"]], "a known tx-step", 0, 0),
    _shape("step that is cut short", [["add-triple", "@ann"]], "4 to 5 elements", 0),
    _shape("retract of five", [["retract-triple", "@a", "@b", 1, None]], "4 elements", 0),
    _shape("delete of four", [["delete-entity", "@a", "people", 1]], "2 to 3 elements", 0),
    _shape("delete in a number", [["delete-entity", "@a", 7]], "string?", 0, 2),
    _shape("rule-params of three", [["rule-params", "@a", "people"]], "4 elements", 0),
    _shape("rule-params that are a list", [["rule-params", "@a", "people", []]], "map?", 0, 3),
    _shape("attr id that is none", [["add-triple", "@ann", "x", 1]], "uuid?", 0, 2),
    _shape("options that are a list", [["add-triple", "@ann", "@b", 1, []]], "map?", 0, 4),
    _shape(
        "unknown mode",
        [["add-triple", "@ann", "@b", 1, {"mode": "replace"}]],
        "create, update or upsert",
        *(0, 4, "mode"),
    ),
    _shape("add-attr of text", [["add-attr", "x"]], "map?", 0, 1),
    _shape("delete-attr of no id", [["delete-attr", "x"]], "uuid?", 0, 1),
    _wrong_attr("no id", "uuid?", "id", id=None),
    _wrong_attr("no name", "an identity", "forward-identity", **{"forward-identity": None}),
    _wrong_attr(
        "a blank name",
        "non-blank-string?",
        *("forward-identity", 2),
        **{"forward-identity": ["@i", "~notes", " "]},
    ),
    _wrong_attr(
        "a short identity",
        "[uuid, etype, label]",
        "forward-identity",
        **{"forward-identity": ["@i", "~notes"]},
    ),
    _wrong_attr("a kind that is none", "blob or ref", "value-type", **{"value-type": "x"}),
    _wrong_attr("no cardinality", "one or many", "cardinality", cardinality=None),
    _wrong_attr("unique? that is text", "boolean?", "unique?", **{"unique?": "yes"}),
    _wrong_attr("no index?", "boolean?", "index?", **{"index?": None}),
    _wrong_attr("no far name", "an identity", "reverse-identity", **{"value-type": "ref"}),
    _wrong_attr("restrict", "cascade", "on-delete", **{"on-delete": "restrict"}),
    _bad_id("x", "x"),
    _bad_id("", ""),
    _bad_id_lookup(1, ["add-triple", ["#people.id", "bob"], "#people.name", "Bob"]),
    _bad_id_lookup(3, ["add-triple", "@book", "#books.author", ["#people.id", "bob"]]),
]


def _wrong_type(name: str, value: Any, checked: str, given: str) -> Row:
    etype, label = name.split(".")
    return Row(
        "§6.3",
        f"{label} {value!r}",
        [["update", etype, "@ann", {label: value}]],
        refused=Refused(
            "validation-failed",
            f"Invalid value type for {name}. Value must be a {checked} but the provided value"
            f" type is {given}.",
            {
                "namespace": etype,
                "attribute": label,
                "value": value,
                "checked-data-type": checked,
                "attr-id": f"#{name}",
                "entity-id": "@ann",
            },
        ),
    )


def _right_type(name: str, value: Any) -> Row:
    etype, label = name.split(".")
    return Row(
        "§6.3",
        f"{label} may be {value!r}",
        [["update", etype, "@ann", {label: value}]],
        after={f"{etype} @ann": {label: value}},
    )


DATES: Final = [
    "2025-01-15T20:53:08Z",
    "2025-01-15T20:53:08.123+02:00",
    "2025-01-15",
    "Wed, 15 Jan 2025 20:53:08 GMT",
    "2025-01-15 20:53:08",
    "04-17-2025",
    "3/12/4444",
    "8/4/2025, 11:02:31 PM",
    "2025-06-05T17:00:00PDT",
    "epoch",
    "infinity",
    "now",
    "today",
    " 2025-01-15 ",
    '"2025-01-15T20:53:08Z"',
    1736974388000,
    0,
    -1.5,
    None,
]

TYPES: Final = [
    *(_right_type("people.name", value) for value in ("x", 1, True, None, [1], {"a": 1})),
    *(_right_type("people.title", value) for value in ("x", "", None)),
    *(_right_type("people.age", value) for value in (1, -1.5, 1e300, None)),
    *(_right_type("people.active", value) for value in (True, False, None)),
    *(_right_type("people.born", value) for value in DATES),
    *(
        _wrong_type(f"people.{label}", value, checked, given)
        for label, checked, cases in [
            ("title", "string", [(1, "number"), (True, "boolean"), ([], "array"), ({}, "object")]),
            ("age", "number", [("1", "string"), (True, "boolean"), ([1], "array"), ({}, "object")]),
            ("active", "boolean", [("true", "string"), (0, "number"), ([], "array")]),
            (
                "born",
                "date",
                [("2025-01-0", "string"), ("x", "string"), (True, "boolean"), ({}, "object")],
            ),
        ]
        for value, given in cases
    ),
]

ARTICLE: Final = [
    ["update", "people", "@ann", {}],
    ["update", "articles", "@it", {"title": "T"}],
    ["link", "articles", "@it", {"writer": "@ann"}],
]


def _missing(message: str, *records: tuple[str, str]) -> Refused:
    return Refused(
        "validation-failed",
        message,
        {
            "records": [
                {
                    "entity_id": entity,
                    "attr_id": f"#articles.{label}",
                    "etype": "articles",
                    "label": label,
                    "is_required": label != "id",
                }
                for entity, label in records
            ]
        },
    )


REQUIRED: Final = [
    Row(
        "§6.4",
        "value and link that are required",
        ARTICLE,
        after={"articles @it": {"title": "T", "writer": {"@ann"}}},
    ),
    Row(
        "§6.4",
        "value that is missing",
        [["update", "articles", "@it", {}], ["link", "articles", "@it", {"writer": "@ann"}]],
        refused=_missing("Missing required attribute `articles/title`: @it", ("@it", "title")),
    ),
    Row(
        "§6.4",
        "null is no value",
        [["update", "articles", "@it", {"title": None}]],
        before=[ARTICLE],
        refused=_missing("Missing required attribute `articles/title`: @it", ("@it", "title")),
    ),
    Row(
        "§6.4",
        "link and value that are missing",
        [["update", "articles", "@it", {"note": 1}]],
        refused=_missing(
            "Missing required attribute `articles/title`: @it."
            " Missing required attribute `articles/writer`: @it",
            ("@it", "title"),
            ("@it", "writer"),
        ),
    ),
    Row(
        "§6.4",
        "id that is missing",
        [
            ["add-triple", "@it", "#articles.title", "T"],
            ["add-triple", "@it", "#articles.writer", "@ann"],
        ],
        refused=_missing("Missing required attribute `articles/id`: @it", ("@it", "id")),
        only="socket",
        why="/admin/transact always writes the id",
    ),
    Row(
        "§6.4",
        "required link is removed",
        [["unlink", "articles", "@it", {"writer": "@ann"}]],
        before=[ARTICLE],
        refused=_missing("Missing required attribute `articles/writer`: @it", ("@it", "writer")),
    ),
    Row(
        "§6.4",
        "required link is replaced",
        [["link", "articles", "@it", {"writer": "@bob"}]],
        before=[[*ARTICLE, ["update", "people", "@bob", {}]]],
        after={"articles @it": {"title": "T", "writer": {"@bob"}}},
    ),
    Row(
        "§6.4",
        "target of a required link is deleted",
        [["delete", "people", "@ann"]],
        before=[ARTICLE],
        refused=_missing("Missing required attribute `articles/writer`: @it", ("@it", "writer")),
    ),
    Row(
        "§6.4",
        "target of a required link is deleted with whom it is required by",
        [["delete", "people", "@ann"], ["delete", "articles", "@it"]],
        before=[ARTICLE],
        after={"people @ann": None, "articles @it": None},
    ),
    Row(
        "§6.4",
        "required value is removed and given again",
        [
            ["retract-triple", "@it", "#articles.title", "T"],
            ["add-triple", "@it", "#articles.title", "U"],
        ],
        before=[ARTICLE],
        after={"articles @it": {"title": "U", "writer": {"@ann"}}},
        only="socket",
        why=BY_ID,
    ),
    Row(
        "§6.4",
        "whoever loses every value is gone",
        [
            ["retract-triple", "@it", "#articles.id", "@it"],
            ["retract-triple", "@it", "#articles.title", "T"],
            ["retract-triple", "@it", "#articles.writer", "@ann"],
        ],
        before=[ARTICLE],
        after={"articles @it": None},
        only="socket",
        why=BY_ID,
    ),
    Row(
        "§6.4",
        "entity is deleted",
        [["delete", "articles", "@it"]],
        before=[ARTICLE],
        after={"articles @it": None, "people @ann": {}},
    ),
]

NOTE: Final = [
    ["add-attr", attr("a", "~notes.text")],
    ["add-attr", attr("own", "~notes.id", unique_q=True)],
]


def _add_attr(name: str, step: dict[str, Any], refused: Refused) -> Row:
    return Row("§6.2", name, [["add-attr", step]], before=[NOTE], refused=refused)


NO_IDS: Final[list[Any]] = ["nobody", 5, None, {}]
NUL: Final = Refused(
    "validation-failed",
    "A value in the transaction contains null bytes, which cannot be stored.",
    {},
)
TAKEN: Final = Refused(
    "record-not-unique",
    "`text` already exists on `~notes`",
    {"record-type": "ident", "etype": "~notes", "label": "text"},
)
CLASH: Final = Refused("record-not-unique", "Record not unique: attr", {"record-type": "attr"})
OTHER_NAMESPACE: Final = (
    "Invalid transaction. The namespace in the lookup attribute is different from the namespace"
    " of the attribute that is being set"
)

ATTR_STEPS: Final[list[tuple[list[Any], Door | None]]] = [
    (["update-attr", {"id": "@a", "unique?": True}], "socket"),
    (["delete-attr", "@a"], None),
    (["restore-attr", "@a"], "socket"),
]

ERRORS: Final = [
    Row(
        "§6.2",
        "unique value is taken",
        [["update", "people", "@bob", {"email": "~mail"}]],
        before=[[["update", "people", "@ann", {"email": "~mail"}]]],
        refused=taken("people.email", '"~mail"'),
    ),
    Row(
        "§6.2",
        "unique value is taken in the same write",
        [
            ["update", "books", "@a", {"isbn": {"b": "~x"}}],
            ["update", "books", "@b", {"isbn": {"b": "~x"}}],
        ],
        refused=taken("books.isbn", '{"b":"~x"}'),
    ),
    Row(
        "§6.2",
        "unique value of an attr made in the same write is taken",
        [
            ["add-attr", attr("slug", "~notes.slug", unique_q=True)],
            ["add-triple", "@a", "@slug", "x"],
            ["add-triple", "@b", "@slug", "x"],
        ],
        refused=Refused(
            "record-not-unique", "Record not unique: triple", {"record-type": "triple"}
        ),
        only="socket",
        why=BY_ID,
    ),
    _add_attr("name is taken", attr("b", "~notes.text"), TAKEN),
    _add_attr("far name is a name", attr("b", "~x.y", to="~notes.text"), CLASH),
    _add_attr(
        "attr id with another definition",
        attr("a", "~notes.text", cardinality="many"),
        raised("The attribute with id @a conflicts with an existing attribute with id @a."),
    ),
    _add_attr(
        "ident id with another name",
        attr("b", "~notes.name") | {"forward-identity": ["@a_near", "~notes", "name"]},
        raised("Another attribute for ~notes.name exists with different properties."),
    ),
    Row(
        "§6.2",
        "new required attr where there are entities",
        [["add-attr", attr("b", "~notes.price", required_q=True)]],
        before=[NOTE, [["update", "~notes", "@note", {}]]],
        refused=invalid(
            "attributes",
            "Can't create attribute `price` as required because `~notes` already have entities",
        ),
    ),
    Row(
        "§6.2",
        "unknown attr",
        [["add-triple", "@ann", "@unknown", 1]],
        refused=raised("We could not find an attribute with id = '@unknown'"),
        only="socket",
        why=BY_ID,
    ),
    Row(
        "§6.2",
        "deleted attr",
        [["add-triple", "@ann", "@a", 1]],
        before=[NOTE, [["delete-attr", "@a"]]],
        refused=raised("We could not find an attribute with id = '@a'"),
        only="socket",
        why=BY_ID,
    ),
    *(
        Row("§6.2", f"NUL {name}", [["update", "people", "@ann", {"meta": value}]], refused=NUL)
        for name, value in {
            "in text": "a\0b",
            "in a list": ["\0"],
            "in a key": {"a": {"b\0": 1}},
        }.items()
    ),
    *(
        Row(
            "§6.2",
            f"link to {value!r} by an admin",
            [["add-triple", "@book", "#books.author", value]],
            refused=Refused(
                "validation-failed",
                "Linked value must be a valid uuid.",
                {
                    "namespace": "books",
                    "attribute": "author",
                    "value": value,
                    "checked-data-type": None,
                    "attr-id": "#books.author",
                    "entity-id": "@book",
                },
            ),
            author="admin",
            only="socket",
            why="/admin/transact refuses it earlier (§3.2)",
        )
        for value in NO_IDS
    ),
    *(
        Row(
            "§6.2",
            f"link to {value!r} by a guest",
            [["add-triple", "@book", "#books.author", value]],
            refused=invalid("eid", "Expected link value to be a uuid."),
            only="socket",
            why="/admin/transact refuses it earlier (§3.2)",
        )
        for value in NO_IDS
    ),
    Row(
        "§6.2",
        "lookup of another etype",
        [["add-triple", ["#people.email", "~mail"], "#books.title", "T"]],
        refused=invalid("tx-step", OTHER_NAMESPACE),
        only="socket",
        why=CHECKED_THERE,
    ),
    Row(
        "§6.2",
        "target of another etype",
        [["add-triple", "@book", "#books.author", ["#cards.serial", "~mail"]]],
        refused=invalid("tx-step", OTHER_NAMESPACE),
        only="socket",
        why=CHECKED_THERE,
    ),
    Row(
        "§6.2",
        "lookup by an unknown attr",
        [["add-triple", ["@unknown", "x"], "#books.title", "T"]],
        refused=invalid(
            "lookup", "Invalid lookup. Could not determine namespace from lookup attribute."
        ),
        only="socket",
        why=CHECKED_THERE,
    ),
    *(
        Row(
            "§6.2",
            f"{step[0]} by a guest",
            [step],
            before=[NOTE],
            author="guest",
            refused=Refused(
                "permission-denied",
                "Permission denied: not perms-pass?",
                {"input": ["attrs", "attr"], "expected": "perms-pass?"},
            ),
            only=only,
            why="the grammar of /admin/transact has no such step" if only else "",
        )
        for step, only in ATTR_STEPS
    ),
]

ROWS: Final = [*STRUCTURE, *TYPES, *REQUIRED, *ERRORS]
