"""What the property tests start from: how many cases, and which."""

from __future__ import annotations

import os
import random

import pytest

from tests.conftest import Effort

CASES = 2_000
CAMPAIGN_CASES = 50_000


@pytest.fixture(scope="session")
def cases(effort: Effort) -> int:
    """How many cases a property is tried on."""
    return effort.cases(CASES, CAMPAIGN_CASES)


@pytest.fixture(scope="session")
def seed() -> int:
    """What every generated case follows from; set `TEST_SEED` to repeat a run."""
    chosen = os.environ.get("TEST_SEED")
    return int(chosen) if chosen else random.SystemRandom().randrange(2**32)
