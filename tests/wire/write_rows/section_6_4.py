"""What an entity must have (transactions-permissions.md §6.4)."""

from __future__ import annotations

from typing import Final

from tests.wire.write_rows.row import Refused, Row

BY_ID: Final = "only tx-steps name attrs by id"

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


ROWS: Final = [
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
