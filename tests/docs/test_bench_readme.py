"""`bench/README.md` has one row for every measurement that can be run, and no other."""

from __future__ import annotations

import re
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"
ROW = re.compile(r"^\| `python -m bench\.(\w+)` \|", re.MULTILINE)


def test_every_measurement_has_one_row_and_nothing_else_has() -> None:
    rows = ROW.findall((BENCH / "README.md").read_text(encoding="utf-8"))

    assert sorted(rows) == sorted(main.parent.name for main in BENCH.glob("*/__main__.py"))
