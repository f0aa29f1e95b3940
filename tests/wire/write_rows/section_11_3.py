"""What steps about a schema do (transactions-permissions.md §11.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.wire.write_rows.row import Refused, attr


@dataclass(frozen=True, slots=True)
class StepsRow:
    """Steps applied by name: `before` is a write, `after` as in `Row`."""

    id: str
    steps: Any
    before: Sequence[Sequence[Any]] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused | None = None


OWN: Final = ["add-attr", attr("own", "~posts.id", unique_q=True)]
BARE: Final = ["add-attr", attr("a", "~posts.title", required_q=False)]


def _job(action: str, **more: Any) -> list[Any]:
    fields = {"attr-id": "@a", "forward-identity": ["@a", "~posts", "title"]}
    return [action, fields | {key.replace("_", "-"): value for key, value in more.items()}]


ROWS: Final = [
    StepsRow(
        "new attr as instant-cli makes it",
        [
            OWN,
            [
                "add-attr",
                attr("a", "~posts.title") | {"forward-identity": ["@a", "~posts", "title"]},
            ],
            _job("unique"),
            _job("required"),
            _job("index"),
            _job("check-data-type", checked_data_type="string"),
        ],
        attrs={
            "~posts.title": {
                "id": "@a",
                "unique?": True,
                "required?": True,
                "index?": True,
                "checked-data-type": "string",
            }
        },
    ),
    *(
        StepsRow(
            f"new attr of type {untyped}",
            [["add-attr", attr("a", "~posts.title", checked_data_type=untyped)]],
            attrs={"~posts.title": {"id": "@a", "checked-data-type": None}},
        )
        for untyped in ("any", "json", None)
    ),
    StepsRow(
        "name is deleted and used again",
        [["add-attr", attr("b", "~posts.title")], ["delete-attr", "@a"]],
        before=[[OWN, BARE], [["update", "~posts", "@post", {"title": "x"}]]],
        attrs={"~posts.title": {"id": "@b"}},
        after={"~posts @post": {}},
    ),
    StepsRow(
        "rename as instant-cli says it",
        [
            [
                "update-attr",
                {
                    "id": "@a",
                    "forward-identity": ["@a", "~posts", "name"],
                    "cardinality": "one",
                },
            ]
        ],
        before=[[OWN, BARE], [["update", "~posts", "@post", {"title": "x"}]]],
        attrs={"~posts.title": None, "~posts.name": {"id": "@a"}},
        after={"~posts @post": {"name": "x"}},
    ),
    StepsRow("no steps", [], before=[[OWN]], attrs={"~posts.id": {"id": "@own"}}),
    StepsRow(
        "steps that are none",
        {},
        refused=Refused(
            "validation-failed",
            "Validation failed for steps",
            {"data-type": "steps", "errors": [{"expected": "coll?", "in": []}]},
        ),
    ),
    *(
        StepsRow(
            name,
            [OWN, step],
            refused=Refused(
                "validation-failed",
                f"Validation failed for steps: Expected {expected}",
                {
                    "data-type": "steps",
                    "errors": [
                        {"message": f"Expected {expected}", "expected": expected, "in": where}
                    ],
                },
            ),
        )
        for name, step, expected, where in (
            ("step that is text", "index", "a step is an action and its subject", [1]),
            ("unknown action", ["polish", {}], "unknown action polish", [1, 0]),
            ("job that is about nothing", ["index", 5], "map?", [1, 1]),
            ("job for no id", ["index", {"attr-id": "x"}], "uuid?", [1, "attr-id"]),
            (
                "type that is none",
                _job("check-data-type", checked_data_type="text"),
                "string or number or boolean or date",
                [1, "checked-data-type"],
            ),
        )
    ),
]
