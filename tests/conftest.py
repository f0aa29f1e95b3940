"""What all tests share: the marker of database tests, a running server, and the campaign switch."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker

from tests.served import ServedDatabase, served_database

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
