"""What all tests share: the marker of database tests, a running server, and the campaign switch."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from tests.served import ServedDatabase, served_database

SECOND_PASS_SHARE: Final = 5

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request hides what a test logs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the test database is marked `database`."""
    for item in items:
        if "django_db_setup" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The migrated test database, one for each worker.

    pytest-django's own fixture makes it only for tests that use the ORM, which these do not.
    """
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long generated tests look: `bin/test --campaign` makes them look for a night.

    The second pass, on another PostgreSQL, looks for what differs there, with a fifth of the cases.
    """

    is_campaign: bool
    is_second_pass: bool

    def cases(self, usual: int, campaign: int) -> int:
        """How many cases to try, given the two numbers of a test."""
        if self.is_campaign:
            return campaign
        return -(-usual // SECOND_PASS_SHARE) if self.is_second_pass else usual


@pytest.fixture(scope="session")
def effort() -> Effort:
    """What `bin/test` asked of the tests that generate their cases."""
    return Effort("TEST_CAMPAIGN" in os.environ, "TEST_SECOND_PASS" in os.environ)


@pytest.fixture(scope="session")
def campaign() -> bool:
    """Whether generated tests should look for long: `bin/test --campaign`."""
    return "TEST_CAMPAIGN" in os.environ


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDatabase]:
    """A running server; one for all tests of a worker, each of which makes apps of its own."""
    with served_database(tmp_path_factory.mktemp("server")) as served:
        served.start()
        yield served
