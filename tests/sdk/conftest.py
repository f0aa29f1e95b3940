"""Fixtures of the tests that drive the published SDK against the real server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.scaled import Scaled, scaled_shape
from tests.sdk.apps import App, HttpServer, create_app
from tests.sdk.core_clients import CoreClient, CoreProcess, ServerAddress, core_process
from tests.served import ServedDatabase, served_database

ONE, TWO = "one process", "two processes"
IN_BOTH = (
    "test_two_clients",
    "test_reconnect",
    "test_changes_behind_our_back",
    "test_tenants",
    "test_rooms",
)
"""Modules about what the two shapes do differently: how changes and rooms travel, who is connected.

Every run tries these on one process too; a campaign tries all.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Which shape of the server a test talks to."""
    if "server" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".")[2]
        tries_both = name in IN_BOTH or "TEST_CAMPAIGN" in os.environ
        shapes = [ONE, TWO] if tries_both else [TWO]
        metafunc.parametrize("server", shapes, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedDatabase | Scaled]:
    """A running server, or two with a worker and a Redis, which clients are spread over."""
    if request.param == ONE:
        with served_database(tmp_path_factory.mktemp("server")) as served:
            served.start()
            yield served
    else:
        with scaled_shape(tmp_path_factory.mktemp("scaled")) as scaled:
            scaled.start()
            yield scaled


@pytest.fixture
def core(server: ServerAddress) -> Iterator[CoreProcess]:
    """A Node process with the published `@instantdb/core`."""
    with core_process(server) as process:
        yield process


@pytest.fixture
def app(server: HttpServer, request: pytest.FixtureRequest) -> App:
    """A fresh ephemeral app of this test alone."""
    return create_app(server, request.node.name)


@pytest.fixture
def connect(core: CoreProcess, app: App) -> Callable[[str], CoreClient]:
    """Open a connected client of the test's app."""
    return lambda name: core.connect(app.id, name)


@pytest.fixture
def ann(connect: Callable[[str], CoreClient]) -> CoreClient:
    """A connected client."""
    return connect("ann")


@pytest.fixture
def bob(connect: Callable[[str], CoreClient]) -> CoreClient:
    """Another connected client."""
    return connect("bob")
