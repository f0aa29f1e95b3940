"""The published `instantdb` package calls every public method it has, with both of its clients.

The stops, and what each asserts, are in `python_tour.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from instantdb import AsyncInstant, Instant

from tests.sdk.apps import App, HttpServer, create_app
from tests.sdk.python_tour import STOPS, Tourist, done, public_methods

CLIENTS: Final = {"sync": Instant, "async": AsyncInstant}
ONLY_ASYNC: Final = "subscribe_query"


@pytest.fixture(scope="module")
def tour_app(server: HttpServer) -> App:
    """One app for the whole tour."""
    return create_app(server, "the tour of the Python SDK")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (kind, method)
        for method in STOPS
        for kind in CLIENTS
        if (kind, method) != ("sync", ONLY_ASYNC)
    ],
)
async def test_method_does_what_its_documentation_says(
    server: HttpServer, tour_app: App, kind: str, method: str
) -> None:
    made = []

    def make(**changed: Any) -> Any:
        known = {"app_id": tour_app.id, "admin_token": tour_app.admin_token}
        made.append(CLIENTS[kind](**(known | changed), api_uri=server.http_url))
        return made[-1]

    await STOPS[method](Tourist(make(), make))

    for client in made:
        await done(close_of(client)())


@pytest.mark.parametrize(
    ("client", "methods"),
    [
        pytest.param(Instant, set(STOPS) - {ONLY_ASYNC}, id="sync"),
        pytest.param(AsyncInstant, set(STOPS), id="async"),
    ],
)
def test_no_public_method_is_left_out(client: type[Any], methods: set[str]) -> None:
    assert public_methods(client) == methods


def close_of(client: Any) -> Callable[[], Any]:
    """What ends a client of either kind."""
    found: Callable[[], Any] = client.aclose if hasattr(client, "aclose") else client.close
    return found
