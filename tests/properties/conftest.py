"""How many cases the property tests try: a run's worth, or with `--campaign` a night's."""

from __future__ import annotations

import os
import random

import pytest

CASES = 2_000
CAMPAIGN_CASES = 50_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/properties --campaign`."""
    parser.addoption("--campaign", action="store_true", help=f"{CAMPAIGN_CASES} generated cases")


@pytest.fixture(scope="session")
def cases(request: pytest.FixtureRequest) -> int:
    """How many cases a property is tried on."""
    return CAMPAIGN_CASES if request.config.getoption("--campaign", default=False) else CASES


@pytest.fixture(scope="session")
def seed() -> int:
    """What every generated case follows from; set `TEST_SEED` to repeat a run."""
    chosen = os.environ.get("TEST_SEED")
    return int(chosen) if chosen else random.SystemRandom().randrange(2**32)
