"""What a write is refused for (transactions-permissions.md §6.2)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Door, Refused, Row, attr, invalid, raised, taken

BY_ID: Final = "only tx-steps name attrs by id"
CHECKED_THERE: Final = "/admin/transact looks lookups up by name, in the right etype"

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

ROWS: Final = [
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
