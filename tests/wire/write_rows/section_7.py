"""How much a write may hold, and that it always has a number (transactions-permissions.md §7)."""

from __future__ import annotations

from typing import Final

from tests.wire.write_rows.row import Row

MANY: Final = 300

ROWS: Final = [
    Row(
        "§7",
        "write that changes nothing has a number too",
        [["update", "people", "@ann", {"age": 3}]],
        before=[[["update", "people", "@ann", {"age": 3}]]],
        after={"people @ann": {"age": 3}},
    ),
    Row(
        "§7",
        "write without a step has a number too",
        [],
        after={"people @ann": None},
    ),
    Row(
        "§7",
        "write of a thousand values",
        [
            ["update", "people", f"@p{n}", {"name": f"~n{n}", "age": n, "active": True}]
            for n in range(MANY)
        ],
        after={
            f"people @p{n}": {"name": f"~n{n}", "age": n, "active": True} for n in (0, MANY - 1)
        },
    ),
    Row(
        "§7",
        "write of a thousand links",
        [
            ["update", "people", "@ann", {}],
            *(["update", "people", f"@p{n}", {}] for n in range(MANY)),
            ["link", "people", "@ann", {"friends": [f"@p{n}" for n in range(MANY)]}],
        ],
        after={"people @ann": {"friends": {f"@p{n}" for n in range(MANY)}}},
    ),
]
