"""`docs/operations.md` names every metric and no other, and the limits of operators' sign-ins."""

from __future__ import annotations

import re
from pathlib import Path

from instant_project.operator_login import FROM_AN_ADDRESS, UNDER_A_NAME
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


def test_limits_of_operators_are_documented() -> None:
    for limit, whose in ((FROM_AN_ADDRESS, "from one address"), (UNDER_A_NAME, "under one name")):
        row = re.search(rf"\| (\d+) {whose}.*? \| (\d+) minutes \| .*? \| (\d+) s later \|", PAGE)
        assert row
        period = int(limit.period_seconds)
        assert tuple(map(int, row.groups())) == (
            limit.capacity,
            period // 60,
            period // limit.amount,
        )
