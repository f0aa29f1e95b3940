"""Transactions that are remembered exactly while they are few, and never forgotten."""

from __future__ import annotations

import random

import pytest

from realtime.subscriptions.tx_ids import MAX_KNOWN, TxIds


def _tx_ids(*numbers: int) -> TxIds:
    tx_ids = TxIds()
    for number in numbers:
        tx_ids.add(number)
    return tx_ids


@pytest.mark.parametrize(
    ("ours", "theirs", "after", "up_to", "expected"),
    [
        pytest.param([8], [8, 9], 7, 9, True, id="in between"),
        pytest.param([8], [8], 8, 9, False, id="shown before"),
        pytest.param([9], [9], 7, 8, False, id="not shown yet"),
        pytest.param([8], [9], 7, 9, False, id="different ones"),
        pytest.param([], [], 7, 9, False, id="none"),
    ],
)
def test_what_two_have_in_common(
    ours: list[int], theirs: list[int], after: int, up_to: int, *, expected: bool
) -> None:
    assert _tx_ids(*ours).have_in_common(_tx_ids(*theirs), after, up_to) is expected


def test_below_a_point_any_number_counts() -> None:
    gap = TxIds()
    gap.add_below(10)
    assert 9 in gap
    assert 10 not in gap
    assert _tx_ids(8).have_in_common(gap, 7, 9)
    other = TxIds()
    other.add_below(10)
    assert other.have_in_common(gap, 7, 9)
    assert not other.have_in_common(gap, 9, 20)


def test_nothing_is_forgotten_however_many_there_are() -> None:
    rng = random.Random(1)
    numbers = rng.sample(range(10_000), 50 * MAX_KNOWN)
    tx_ids = _tx_ids(*numbers)
    assert all(number in tx_ids for number in numbers)
    assert 10_000 not in tx_ids
    newest = max(numbers)
    assert _tx_ids(newest).have_in_common(tx_ids, newest - 1, newest)
