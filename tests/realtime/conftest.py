"""Fixtures of the socket-level conversations with the real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.realtime.peer import Peer, SocketServer, peer
from tests.sdk.apps import App, HttpServer, create_app


@pytest.fixture
def app(server: HttpServer, request: pytest.FixtureRequest) -> App:
    """A fresh ephemeral app of this test alone."""
    return create_app(server, request.node.name)


@pytest.fixture
def dial(server: SocketServer, app: App) -> Iterator[Callable[[], Peer]]:
    """Open further sockets, not yet logged in."""
    with ExitStack() as sockets:
        yield lambda: sockets.enter_context(peer(server, app.id))


@pytest.fixture
def stranger(dial: Callable[[], Peer]) -> Peer:
    """An open socket that has not said `init`."""
    return dial()


@pytest.fixture
def join(dial: Callable[[], Peer], app: App) -> Callable[[], Peer]:
    """Open further sockets and log them in."""

    def joined() -> Peer:
        socket = dial()
        assert socket.init(app.id)["op"] == "init-ok"
        return socket

    return joined


@pytest.fixture
def ann(join: Callable[[], Peer]) -> Peer:
    """A logged-in socket."""
    return join()


@pytest.fixture
def bob(join: Callable[[], Peer]) -> Peer:
    """Another logged-in socket of the same app."""
    return join()


@pytest.fixture
def other_app(server: HttpServer) -> App:
    """A second app, which has nothing to do with the first."""
    return create_app(server, "another app")
