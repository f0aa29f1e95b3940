"""`docs/ops.md` names every op that a client may send, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from realtime.receive_queue import OPS

PAGE = Path(__file__).parents[2] / "docs" / "ops.md"
ROW = re.compile(r"^\| `([a-z-]+)` \|(?:[^|\n]*\|){3}$", re.MULTILINE)


def test_every_op_is_documented_and_no_other() -> None:
    assert ROW.findall(PAGE.read_text(encoding="utf-8")) == list(OPS)
