"""When a room tells its members what changed: at once at a moderate pace, merged in a burst."""

from __future__ import annotations

import pytest

from presence.local_room import (
    FLUSHES_AT_ONCE,
    LONGEST_FLUSH_SECONDS,
    flush_seconds,
    flush_wait_seconds,
)


def flushes(members: int, changes_a_second: float, seconds: float) -> list[tuple[float, float]]:
    """(when, how long its first change had waited) of each flush while changes come steadily."""
    done: list[tuple[float, float]] = []
    paid_until = float("-inf")
    now = 0.0
    while now < seconds:
        wait = max(0.0, flush_wait_seconds(paid_until, now, members))
        flushed_at = now + wait
        done.append((flushed_at, wait))
        paid_until = max(paid_until, flushed_at) + flush_seconds(members)
        period = 1 / changes_a_second
        now = max(now + period, flushed_at)
    return done


@pytest.mark.parametrize(
    ("members", "changes_a_second"),
    [pytest.param(10, 100, id="a room of ten cursors"), pytest.param(100, 30, id="a large room")],
)
def test_moderate_pace_waits_for_nothing(members: int, changes_a_second: float) -> None:
    assert {wait for _, wait in flushes(members, changes_a_second, 1.0)} == {0.0}


@pytest.mark.parametrize("members", [2, 10, 60, 2_000])
def test_burst_is_flushed_once_an_interval_and_waits_at_most_that_long(members: int) -> None:
    done = flushes(members, 100_000, 1.0)

    assert len(done) <= 1.0 / flush_seconds(members) + FLUSHES_AT_ONCE + 1
    assert max(wait for _, wait in done) <= LONGEST_FLUSH_SECONDS


def test_interval_grows_with_the_room_up_to_its_bound() -> None:
    intervals = [flush_seconds(members) for members in (1, 10, 50, 100, 2_000)]
    assert intervals == sorted(intervals)
    assert intervals[-1] == LONGEST_FLUSH_SECONDS == 0.03
