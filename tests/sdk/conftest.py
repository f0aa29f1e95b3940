"""Fixtures of the tests that drive the published SDK against the real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.sdk.apps import App, HttpServer, create_app
from tests.sdk.core_clients import CoreClient, CoreProcess, ServerAddress, core_process


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
