"""What the checks say of databases and keys, and that they say how to put it right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from instant_project.checks import DatabaseFacts, judge_database, judge_secret_key

FINE = DatabaseFacts(
    major=18, wal_level="logical", may_replicate=True, free_slots=1, free_senders=1
)


@pytest.mark.parametrize("major", [15, 16, 17, 18])
def test_supported_database_passes(major: int) -> None:
    assert judge_database(replace(FINE, major=major)) == []


@pytest.mark.parametrize(
    ("wrong", "code", "stops"),
    [
        pytest.param({"major": 14}, "E001", True, id="too old"),
        pytest.param({"major": 19}, "W002", False, id="not tested"),
        pytest.param({"wal_level": "replica"}, "E002", True, id="wal_level"),
        pytest.param({"may_replicate": False}, "E003", True, id="replication right"),
        pytest.param({"free_slots": 0}, "W003", False, id="no slot"),
        pytest.param({"free_senders": 0}, "W004", False, id="no sender"),
    ],
)
def test_problem_is_told_with_a_remedy(wrong: dict[str, Any], code: str, stops: bool) -> None:
    (message,) = judge_database(replace(FINE, **wrong))
    assert (message.id, message.is_serious()) == (f"instant.{code}", stops)
    assert message.hint


@pytest.mark.parametrize("key", ["short", "a" * 64, "django-insecure"])
def test_key_that_can_be_guessed_stops_the_server(key: str) -> None:
    (message,) = judge_secret_key(key)
    assert message.is_serious()


def test_random_key_passes() -> None:
    assert judge_secret_key("q8ZC0oYw3mTg5kXr1vJd7hNs9bLf2pEa4uKi6") == []
