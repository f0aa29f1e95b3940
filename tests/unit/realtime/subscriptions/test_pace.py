"""A busy app rests, and rests longer while others have work; never without end."""

from __future__ import annotations

import pytest

from realtime.subscriptions.pace import (
    BESIDE_SECONDS,
    LONGEST_REST_SECONDS,
    RESTS_ALONE,
    RESTS_BESIDE,
    Pace,
)


def _pace(*ran: tuple[str, float]) -> Pace:
    pace = Pace()
    for app_id, at in ran:
        pace.ran(app_id, at)
    return pace


@pytest.mark.parametrize(
    ("ran", "rests"),
    [
        pytest.param([("busy", 10.0)], RESTS_ALONE, id="nobody else"),
        pytest.param([("quiet", 9.5), ("busy", 10.0)], RESTS_BESIDE, id="another before it"),
        pytest.param([("busy", 9.0), ("quiet", 10.0)], RESTS_BESIDE, id="another after it"),
        pytest.param(
            [("quiet", 9.0), ("busy", 9.5), ("busy", 10.0)], RESTS_BESIDE, id="another, runs ago"
        ),
        pytest.param(
            [("quiet", 10.0 - BESIDE_SECONDS - 1), ("busy", 10.0)], RESTS_ALONE, id="long ago"
        ),
    ],
)
def test_busy_app_rests_longer_beside_others(ran: list[tuple[str, float]], rests: int) -> None:
    took = 0.01

    rest = _pace(*ran).rest_seconds("busy", 10.0, 10.0 + took)

    assert rest == pytest.approx(rests * took)


def test_slow_queries_do_not_rest_for_minutes() -> None:
    assert _pace(("busy", 10.0)).rest_seconds("busy", 10.0, 30.0) == LONGEST_REST_SECONDS
