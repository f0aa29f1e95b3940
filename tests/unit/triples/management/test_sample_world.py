"""Sample apps follow from their seed and are as big as was asked."""

from __future__ import annotations

import itertools

import pytest

from triples.management.sample_world import sample_app, share_out
from triples.values.kinds import has_checked_type
from triples.values.sort_key import sort_key


def test_same_seed_makes_the_same_rows() -> None:
    first, second = sample_app(1, 3, 500), sample_app(1, 3, 500)
    assert first == second
    assert list(first.rows()) == list(second.rows())


@pytest.mark.parametrize(("seed", "number"), [(2, 3), (1, 4)])
def test_other_seed_or_number_makes_another_app(seed: int, number: int) -> None:
    assert sample_app(seed, number, 500).id != sample_app(1, 3, 500).id


def test_shares_are_skewed_and_add_up() -> None:
    shares = share_out(200, 2_000_000)
    assert shares[0] > 9 * shares[9] > 99 * shares[199]
    assert sum(shares) == pytest.approx(2_000_000, rel=0.001)


def test_app_has_about_the_triples_asked_for() -> None:
    assert len(list(sample_app(1, 0, 20_000).rows())) == pytest.approx(20_000, rel=0.02)


def test_values_fit_their_attrs() -> None:
    for row in sample_app(1, 0, 5_000).rows():
        if row.attr.checked_data_type is not None:
            assert has_checked_type(row.value, row.attr.checked_data_type)
            assert sort_key(row.value, row.attr.checked_data_type) is not None


def test_no_entity_has_a_cardinality_one_attr_twice() -> None:
    rows = [row for row in sample_app(1, 0, 5_000).rows() if row.attr.cardinality_one]
    assert len({(row.entity_id, row.attr.id) for row in rows}) == len(rows)


def test_unique_values_are_unique() -> None:
    rows = [row for row in sample_app(1, 0, 5_000).rows() if row.attr.is_unique]
    assert len({(row.attr.id, row.value) for row in rows}) == len(rows)


def test_entities_are_written_one_after_the_other() -> None:
    times = [row.created_at_ms for row in sample_app(1, 0, 5_000).rows()]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))
