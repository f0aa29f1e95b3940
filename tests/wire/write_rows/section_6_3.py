"""What values a checked type takes (transactions-permissions.md §6.3)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Refused, Row


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

ROWS: Final = [
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
