"""What jobs make of attrs and values, and what they find wrong (§10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

TOO_LARGE: Final = "x" * 1013


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job on `~notes.rank`, an attr with `flags`; `@n0`, `@n1`... have the `ranks`.

    `...` for a rank is an entity without one. `fails` holds what the job's JSON says of a failure;
    None is a job that is completed. `attr` is asked of the attr's JSON afterwards, and
    `ranks_after` are the ranks then (the same where it is None).
    """

    id: str
    job_type: str
    ranks: Sequence[Any]
    attr: Mapping[str, Any]
    flags: Mapping[str, Any] = field(default_factory=dict)
    checked_type: str | None = None
    fails: Mapping[str, Any] | None = None
    ranks_after: Sequence[Any] | None = None


def _sample(*found: tuple[int, Any, str]) -> list[dict[str, Any]]:
    return [
        {"entity_id": f"@n{number}", "value": value, "json_type": kind}
        for number, value, kind in found
    ]


_CHECKS: Final[dict[str, tuple[list[Any], Any, str]]] = {
    "string": (["a", None], 1, "number"),
    "number": ([1, 1.5, None], "1", "string"),
    "boolean": ([True, None], 0, "number"),
    "date": (["2025-01-15", 1736974388000, None], "2025-01-0", "string"),
}

ROWS: Final = [
    *(
        JobRow(
            f"type {checked}",
            "check-data-type",
            good,
            {"checked-data-type": checked, "checking-data-type?": None},
            checked_type=checked,
        )
        for checked, (good, _, _) in _CHECKS.items()
    ),
    *(
        JobRow(
            f"type {checked} of a value that has another",
            "check-data-type",
            [*good, bad],
            {"checked-data-type": None, "checking-data-type?": None},
            checked_type=checked,
            fails={
                "error": "invalid-triple-error",
                "invalid_triples_sample": _sample((len(good), bad, kind)),
            },
        )
        for checked, (good, bad, kind) in _CHECKS.items()
    ),
    JobRow(
        "type is removed",
        "remove-data-type",
        [1],
        {"checked-data-type": None, "checking-data-type?": None},
        flags={"checked_data_type": "number"},
    ),
    JobRow(
        "index gives nulls",
        "index",
        [1, ..., None],
        {"index?": True, "indexing?": None},
        ranks_after=[1, None, None],
    ),
    JobRow(
        "index of a value that is too large",
        "index",
        ["a", TOO_LARGE],
        {"index?": False, "indexing?": None},
        fails={
            "error": "triple-too-large-error",
            "invalid_triples_sample": _sample((1, TOO_LARGE, "string")),
        },
    ),
    JobRow(
        "index is removed, its nulls stay",
        "remove-index",
        [1, ...],
        {"index?": False, "indexing?": None},
        flags={"index_q": True},
        ranks_after=[1, None],
    ),
    JobRow(
        "unique, nulls aside",
        "unique",
        ["a", "b", None, None],
        {"unique?": True, "setting-unique?": None},
    ),
    JobRow(
        "unique of a value that is there twice",
        "unique",
        ["a", "b", "a"],
        {"unique?": False, "setting-unique?": None},
        fails={
            "error": "triple-not-unique-error",
            "invalid_unique_value": "a",
            "invalid_triples_sample": _sample((0, "a", "string"), (2, "a", "string")),
        },
    ),
    JobRow(
        "unique of a value that is too large",
        "unique",
        [TOO_LARGE],
        {"unique?": False, "setting-unique?": None},
        fails={
            "error": "triple-too-large-error",
            "invalid_triples_sample": _sample((0, TOO_LARGE, "string")),
        },
    ),
    JobRow(
        "unique is removed",
        "remove-unique",
        ["a"],
        {"unique?": False, "setting-unique?": None},
        flags={"unique_q": True},
    ),
    JobRow("required", "required", ["a", 1, False], {"required?": True}),
    JobRow(
        "required where values are missing and null",
        "required",
        ["a", ..., None],
        {"required?": False},
        fails={
            "error": "missing-required-error",
            "invalid_triples_sample": _sample((1, None, "null"), (2, None, "null")),
            "error_data": {
                "count": 2,
                "etype": "~notes",
                "label": "rank",
                "entity-ids": ["@n1", "@n2"],
            },
        },
    ),
    JobRow(
        "required is removed",
        "remove-required",
        ["a"],
        {"required?": False},
        flags={"required_q": True},
    ),
]
