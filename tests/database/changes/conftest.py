"""The test database as the change feed reaches it, and fresh apps by id."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from triples.management.database import conninfo


@pytest.fixture(scope="session")
def database_url(django_db_setup: None) -> str:
    """Where the test database is."""
    return conninfo()


@pytest.fixture
def apps(database_url: str) -> tuple[str, str]:
    """Two fresh apps."""
    made = (str(uuid.uuid4()), str(uuid.uuid4()))
    with psycopg.connect(database_url, autocommit=True) as conn:
        for app in made:
            conn.execute("insert into apps (id, title) values (%s, 'fed')", [app])
    return made


@pytest.fixture
def app(apps: tuple[str, str]) -> str:
    """One fresh app."""
    return apps[0]
