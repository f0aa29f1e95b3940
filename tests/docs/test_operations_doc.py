"""`docs/operations.md` names every metric, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from realtime.measures import REGISTRY
from realtime.metrics import GAUGES

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
NAME = re.compile(r"`(instant_[a-z_]+?)(?:\{[a-z]+\})?`")


def test_every_metric_is_documented_and_no_other() -> None:
    counted = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in REGISTRY.collect()
    }
    gauges = {f"instant_{name}" for name in GAUGES}
    assert set(NAME.findall(PAGE)) == counted | gauges
