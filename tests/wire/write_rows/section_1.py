"""What attrs make of values and links (transactions-permissions.md §1.2 to §1.5)."""

from __future__ import annotations

from typing import Final

from tests.wire.write_rows.row import Refused, Row, taken

LARGEST: Final = "x" * 1012
TOO_LARGE: Final = "x" * 1013

ROWS: Final[list[Row]] = [
    # -- §1.2 constraints
    Row(
        "§1.2",
        "many entities hold null in a unique attr",
        [
            ["update", "people", "@ann", {"email": None}],
            ["update", "people", "@bob", {"email": None}],
        ],
        after={"people @ann": {"email": None}, "people @bob": {"email": None}},
    ),
    Row(
        "§1.2",
        "largest value of an indexed attr",
        [["update", "cards", "@card", {"code": LARGEST}]],
        after={"cards @card": {"code": LARGEST, "serial": None}},
    ),
    Row(
        "§1.2",
        "plain value has no limit",
        [["update", "people", "@ann", {"name": "x" * 100_000}]],
        after={"people @ann": {"name": "x" * 100_000}},
    ),
    # -- §1.3 link cardinalities
    Row(
        "§1.3",
        "many to many adds up, and a duplicate is nothing",
        [["link", "people", "@ann", {"friends": ["@bob", "@cat", "@bob"]}]],
        before=[[["update", "people", n, {"age": 1}] for n in ("@ann", "@bob", "@cat")]],
        after={
            "people @ann": {"age": 1, "friends": {"@bob", "@cat"}},
            "people @bob": {"age": 1, "friendOf": {"@ann"}},
        },
    ),
    Row(
        "§1.3",
        "one to many replaces the link",
        [["link", "books", "@book", {"author": "@bob"}]],
        before=[
            [
                ["update", "people", "@ann", {}],
                ["update", "people", "@bob", {}],
                ["update", "books", "@book", {}],
                ["link", "books", "@book", {"author": "@ann"}],
            ]
        ],
        after={
            "books @book": {"author": {"@bob"}},
            "people @ann": {},
            "people @bob": {"books": {"@book"}},
        },
    ),
    Row(
        "§1.3",
        "many to one takes another target",
        [["link", "people", "@ann", {"cards": ["@two"]}]],
        before=[
            [
                ["update", "people", "@ann", {}],
                ["update", "cards", "@one", {}],
                ["update", "cards", "@two", {}],
                ["link", "people", "@ann", {"cards": "@one"}],
            ]
        ],
        after={
            "people @ann": {"cards": {"@one", "@two"}},
            "cards @two": {"code": None, "serial": None, "holder": {"@ann"}},
        },
    ),
    Row(
        "§1.3",
        "many to one does not take over a target",
        [["link", "people", "@bob", {"cards": "@card"}]],
        before=[[["update", "people", "@ann", {}], ["link", "people", "@ann", {"cards": "@card"}]]],
        refused=taken("people.cards", '"@card"'),
    ),
    Row(
        "§1.3",
        "many to one does not take over a target by its far name",
        [["link", "cards", "@card", {"holder": "@bob"}]],
        before=[[["update", "people", "@ann", {}], ["link", "people", "@ann", {"cards": "@card"}]]],
        refused=taken("people.cards", '"@card"'),
    ),
    Row(
        "§1.3",
        "one to one replaces the link",
        [["link", "people", "@ann", {"profile": "@two"}]],
        before=[
            [
                ["update", "people", "@ann", {}],
                ["update", "profiles", "@one", {}],
                ["update", "profiles", "@two", {}],
                ["link", "people", "@ann", {"profile": "@one"}],
            ]
        ],
        after={"people @ann": {"profile": {"@two"}}, "profiles @one": {}},
    ),
    Row(
        "§1.3",
        "one to one does not take over a target",
        [["link", "people", "@bob", {"profile": "@one"}]],
        before=[[["link", "people", "@ann", {"profile": "@one"}]]],
        refused=taken("people.profile", '"@one"'),
    ),
    # -- §1.4 nulls
    Row(
        "§1.4",
        "indexed attrs of a new entity are null, others are not there",
        [["update", "cards", "@card", {}]],
        after={"cards @card": {"code": None, "serial": None}},
    ),
    Row(
        "§1.4",
        "values that are there are kept",
        [["update", "cards", "@card", {"note": 1}]],
        before=[[["update", "cards", "@card", {"code": 7, "serial": "~s"}]]],
        after={"cards @card": {"code": 7, "serial": "~s", "note": 1}},
    ),
    # -- §1.5 inferred types
    Row(
        "§1.5",
        "kinds of values are remembered, and null is none",
        [
            [
                "update",
                "~things",
                "@one",
                {"a": 1, "b": "x", "c": True, "d": [], "e": {}, "f": "@x"},
            ],
            ["update", "~things", "@two", {"a": "x", "g": None}],
        ],
        attrs={
            "~things.a": {"inferred-types": ["number", "string"]},
            "~things.b": {"inferred-types": ["string"]},
            "~things.c": {"inferred-types": ["boolean"]},
            "~things.d": {"inferred-types": ["json"]},
            "~things.e": {"inferred-types": ["json"]},
            "~things.f": {"inferred-types": ["string"]},
            "~things.g": {"inferred-types": None},
        },
    ),
]


def _too_large(name: str, kind: str, checked_type: str | None) -> Row:
    etype, label = name.split(".")
    hint = {
        "namespace": etype,
        "attribute": label,
        "value": TOO_LARGE[:200],
        "checked-data-type": checked_type,
        "attr-id": f"#{name}",
        "entity-id": "@one",
        "value-too-large?": True,
    }
    return Row(
        "§6.2",
        f"value of {name} is too large",
        [["update", etype, "@one", {label: TOO_LARGE}]],
        refused=Refused("validation-failed", f"Value is too large for {kind} attribute.", hint),
    )


ROWS.extend(
    [
        _too_large("cards.code", "an indexed", None),
        _too_large("cards.serial", "a unique", "string"),
        _too_large("people.email", "a unique", "string"),
    ]
)
