"""What each step does (transactions-permissions.md §5)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Refused, Row, invalid, raised

BY_ID: Final = "the grammar of /admin/transact has no such step"
PER_STEP: Final = "the grammar of /admin/transact has one mode for all values"
ANN: Final = [["update", "people", "@ann", {"name": "Ann", "email": "~mail"}]]


def _modes() -> list[Row]:
    """Every op, mode, way to name the entity, and state of it."""
    rows: list[Row] = []
    for op in ("add-triple", "deep-merge-triple"):
        for named, entity in {"by id": "@ann", "by a value": ["#people.email", "~mail"]}.items():
            for mode in ("create", "update", "upsert"):
                for exists in (True, False):
                    shown = "@ann" if named == "by id" else '["#people.email","~mail"]'
                    message = {
                        ("create", True): f"Creating entities that exist: {shown}",
                        ("update", False): f"Updating entities that don't exist: {shown}",
                    }.get((mode, exists))
                    is_known = exists or named == "by id"
                    after: dict[str, Any] = {"meta": {"a": 1}}
                    after |= {"name": "Ann"} if exists else {}
                    after |= {"email": "~mail"} if exists or named == "by a value" else {}
                    rows.append(
                        Row(
                            "§5.1",
                            f"{mode} {named} of {'somebody' if exists else 'nobody'} by {op}",
                            [
                                [op, entity, "#people.meta", {"a": 1}, {"mode": mode}],
                                *([] if exists else [["add-triple", entity, "#people.id", entity]]),
                            ],
                            before=[ANN] if exists else [],
                            after={}
                            if message
                            else {f"people {'@ann' if is_known else 'email=~mail'}": after},
                            refused=invalid("tx-step", message) if message else None,
                            only="socket",
                            why=PER_STEP,
                        )
                    )
    return rows


MODES: Final = [
    *_modes(),
    Row(
        "§5.1",
        "create once in each etype",
        [["create", "profiles", "@ann", {"bio": "x"}]],
        before=[ANN],
        after={"profiles @ann": {"bio": "x"}, "people @ann": {"name": "Ann", "email": "~mail"}},
    ),
    Row(
        "§5.1",
        "create again in one etype",
        [["create", "people", "@ann", {"name": "x"}]],
        before=[ANN],
        refused=invalid("tx-step", "Creating entities that exist: @ann, @ann"),
    ),
    Row(
        "§5.1",
        "create of whom a value names",
        [["create", "people", {"email": "~mail"}, {}]],
        before=[ANN],
        refused=invalid("tx-step", 'Creating entities that exist: ["#people.email","~mail"]'),
    ),
    Row(
        "§5.1",
        "create of whom no value names",
        [["create", "people", {"email": "~mail"}, {"age": 3}]],
        after={"people email=~mail": {"email": "~mail", "age": 3}},
    ),
    Row(
        "§5.1",
        "each refused step is named",
        [
            ["update", "people", "@ann", {}, {"upsert": False}],
            ["update", "people", "@bob", {}, {"upsert": False}],
        ],
        refused=invalid("tx-step", "Updating entities that don't exist: @ann, @bob"),
    ),
]

ADDED: Final = [
    Row(
        "§5.2",
        "last value of a write counts",
        [["update", "people", "@ann", {"age": 1}], ["update", "people", "@ann", {"age": 2}]],
        after={"people @ann": {"age": 2}},
    ),
    Row(
        "§5.2",
        "unknown value names one entity for all steps",
        [
            ["update", "people", {"email": "~mail"}, {"age": 1}],
            ["merge", "people", {"email": "~mail"}, {"meta": {"a": 1}}],
            ["update", "books", "@book", {}],
            ["link", "books", "@book", {"author": {"email": "~mail"}}],
        ],
        after={
            "people email=~mail": {
                "email": "~mail",
                "age": 1,
                "meta": {"a": 1},
                "books": {"@book"},
            },
            "books @book": {"author": {"?"}},
        },
    ),
    Row(
        "§5.2",
        "unknown id names a new entity with that id",
        [["update", "people", {"id": "@ann"}, {"age": 1}]],
        after={"people @ann": {"age": 1}},
    ),
    Row(
        "§5.2",
        "known id names that entity",
        [["update", "people", {"id": "@ann"}, {"age": 1}]],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "email": "~mail", "age": 1}},
    ),
    Row(
        "§5.2",
        "new entity has the value that it is named by",
        [["update", "people", {"email": "~mail"}, {"email": "~other"}]],
        refused=Refused(
            "validation-failed",
            "Updates with lookups can only update the lookup attribute if an entity with the"
            " unique attribute value already exists.",
            {},
        ),
    ),
    Row(
        "§5.2",
        "new entity may be given just the value that it is named by",
        [["update", "people", {"email": "~mail"}, {"email": "~mail"}]],
        after={"people email=~mail": {"email": "~mail"}},
    ),
    Row(
        "§5.2",
        "value that names an entity may change",
        [["update", "people", {"email": "~mail"}, {"email": "~other"}]],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "email": "~other"}},
    ),
    Row(
        "§5.2",
        "link to whom no value names",
        [["link", "books", "@book", {"author": {"email": "~mail"}}]],
        refused=Refused(
            "validation-failed",
            "Validation failed for lookup: The entity for the lookup does not exist.",
            {
                "data-type": "lookup",
                "errors": [{"message": "The entity for the lookup does not exist."}],
                "input": {
                    "attribute-id": "#people.email",
                    "namespace": "people",
                    "label": "email",
                    "value": "~mail",
                },
            },
        ),
    ),
    Row(
        "§5.2",
        "link to nobody shows once there is somebody",
        [["update", "people", "@ann", {"age": 1}]],
        before=[[["update", "books", "@book", {}], ["link", "books", "@book", {"author": "@ann"}]]],
        after={"people @ann": {"age": 1, "books": {"@book"}}, "books @book": {"author": {"@ann"}}},
    ),
    Row(
        "§5.2",
        "null is stored",
        [["update", "people", "@ann", {"name": None}]],
        before=[ANN],
        after={"people @ann": {"name": None, "email": "~mail"}},
    ),
    Row(
        "§5.2",
        "every kind of value is stored as it is",
        [["update", "people", "@ann", {"meta": {"a": [1, -1.5, "x", None, True, {"b": []}]}}]],
        after={"people @ann": {"meta": {"a": [1, -1.5, "x", None, True, {"b": []}]}}},
    ),
]


def _merges() -> list[Row]:
    """The table of §5.3; `...` stands for no stored value."""
    table: dict[str, tuple[Any, list[Any], Any]] = {
        "new key": ({"id": "1"}, [{"name": "P"}], {"id": "1", "name": "P"}),
        "object for text": ("a", [{"name": "P"}], {"name": "P"}),
        "text for object": ({"a": {}}, [{"a": "x"}], {"a": "x"}),
        "two patches of nothing": (
            ...,
            [{"a": {"b1": {"c1": 0}, "b2": 2}}, {"a": {"b1": {"c2": 1}, "b3": 3}}],
            {"a": {"b1": {"c1": 0, "c2": 1}, "b2": 2, "b3": 3}},
        ),
        "null between": (..., [{"name": "P"}, None, {"occ": "X"}], {"occ": "X"}),
        "null removes a key": (
            {"d": {"name": "P", "occ": "X"}},
            [{"d": {"name": None}}],
            {"d": {"occ": "X"}},
        ),
        "list for list": ({"a": [1]}, [{"a": [2]}], {"a": [2]}),
        "null": ({"a": 1}, [None], None),
        "first patch is kept as it is": (..., [{"a": None}], {"a": None}),
    }
    return [
        Row(
            "§5.3",
            name,
            [["merge", "people", "@ann", {"meta": patch}] for patch in patches],
            before=[] if old is ... else [[["update", "people", "@ann", {"meta": old}]]],
            after={"people @ann": {"meta": result}},
        )
        for name, (old, patches, result) in table.items()
    ]


MERGED: Final = [
    *_merges(),
    Row(
        "§5.3",
        "links have no patches",
        [["merge", "books", "@book", {"author": "@ann"}]],
        refused=raised("merge operation is not supported for links"),
    ),
]

RETRACTED: Final = [
    Row(
        "§5.4",
        "only the exact link goes",
        [["unlink", "people", "@ann", {"friends": ["@bob", "@nobody"]}]],
        before=[
            [
                ["update", "people", "@bob", {}],
                ["update", "people", "@cat", {}],
                ["update", "people", "@ann", {}],
                ["link", "people", "@ann", {"friends": ["@bob", "@cat"]}],
            ]
        ],
        after={"people @ann": {"friends": {"@cat"}}, "people @bob": {}},
    ),
    Row(
        "§5.4",
        "unlink from whom no value names is nothing",
        [
            ["unlink", "books", "@book", {"author": {"email": "~other"}}],
            ["update", "people", "@ann", {}],
        ],
        before=[
            [*ANN, ["update", "books", "@book", {}]],
            [["link", "books", "@book", {"author": "@ann"}]],
        ],
        after={"books @book": {"author": {"@ann"}}},
    ),
    Row(
        "§5.4",
        "other value stays",
        [["retract-triple", "@ann", "#people.name", "Bob"]],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "email": "~mail"}},
        only="socket",
        why=BY_ID,
    ),
    Row(
        "§5.4",
        "value of whom no value names",
        [["retract-triple", ["#people.email", "~other"], "#people.name", "Ann"]],
        before=[ANN],
        after={"people @ann": {"name": "Ann", "email": "~mail"}},
        only="socket",
        why=BY_ID,
    ),
]

FAMILY: Final = [
    ["update", "people", "@ann", {"name": "Ann"}],
    ["update", "profiles", "@ann", {"bio": "x"}],
    ["update", "books", "@book", {}],
    ["update", "chapters", "@chapter", {}],
    ["update", "pages", "@page", {}],
    ["update", "boxes", "@box", {}],
    ["update", "people", "@box", {}],
    ["link", "books", "@book", {"author": "@ann"}],
    ["link", "chapters", "@chapter", {"book": "@book"}],
    ["link", "pages", "@page", {"chapter": "@chapter"}],
    ["link", "people", "@ann", {"boxes": "@box"}],
]
CIRCLE: Final = ["@one", "@two", "@three"]

DELETED: Final = [
    Row(
        "§5.5",
        "entity goes with the links to it, not with its other etypes",
        [["delete", "people", "@ann"]],
        before=[FAMILY],
        after={
            "people @ann": None,
            "profiles @ann": {"bio": "x"},
            "books @book": {"chapters": {"@chapter"}},
        },
    ),
    Row(
        "§5.5",
        "who links to the deleted goes too, and so on",
        [["delete", "books", "@book"]],
        before=[FAMILY],
        after={
            "books @book": None,
            "chapters @chapter": None,
            "pages @page": None,
            "people @ann": {"name": "Ann", "boxes": {"@box"}},
        },
    ),
    Row(
        "§5.5",
        "whom one linked to stays without a cascade that way",
        [["delete", "pages", "@page"]],
        before=[FAMILY],
        after={
            "pages @page": None,
            "chapters @chapter": {"book": {"@book"}},
            "books @book": {"author": {"@ann"}, "chapters": {"@chapter"}},
        },
    ),
    Row(
        "§5.5",
        "whom the deleted links to goes too, in that etype only",
        [["delete", "people", "@ann"]],
        before=[FAMILY],
        after={"people @ann": None, "boxes @box": None, "people @box": {}},
    ),
    Row(
        "§5.5",
        "cascade goes only one way",
        [["delete", "boxes", "@box"]],
        before=[FAMILY],
        after={"boxes @box": None, "people @ann": {"name": "Ann", "books": {"@book"}}},
    ),
    Row(
        "§5.5",
        "cascade ends in a circle",
        [["delete", "nodes", "@two"]],
        before=[
            [
                *(["update", "nodes", node, {}] for node in CIRCLE),
                *(
                    ["link", "nodes", here, {"next": there}]
                    for here, there in zip(CIRCLE, CIRCLE[1:] + CIRCLE[:1], strict=True)
                ),
            ]
        ],
        after={f"nodes {node}": None for node in CIRCLE},
    ),
    Row(
        "§5.5",
        "delete of nothing is nothing",
        [["delete", "people", "@ann"], ["delete", "~planets", "@ann"]],
        after={"people @ann": None},
    ),
    Row(
        "§5.5",
        "values of deleted attrs go too",
        [["delete", "~notes", "@note"], ["update", "~notes", "@other", {}]],
        before=[
            [["update", "~notes", "@note", {"text": "x"}], ["update", "~notes", "@other", {}]],
            [["delete-attr", "#~notes.text"]],
        ],
        after={"~notes @note": None, "~notes @other": {}},
    ),
]

ROWS: Final = [*MODES, *ADDED, *MERGED, *RETRACTED, *DELETED]
