"""The published `@instantdb/admin` calls every public method it has against the running server.

The stops, and what each asserts, are in `admin_tour.mjs`.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import pytest

from tests.sdk.apps import HttpServer, create_app
from tests.sdk.node import HERE, install_sdks, node_environment, program

TOUR_SECONDS: Final = 120

STOPS: Final = (
    "init",
    "init_experimental",
    "query",
    "subscribeQuery",
    "transact",
    "asUser",
    "debugQuery",
    "debugTransact",
    "auth.generateMagicCode",
    "auth.sendMagicCode",
    "auth.verifyMagicCode",
    "auth.checkMagicCode",
    "auth.createToken",
    "auth.verifyToken",
    "auth.getUser",
    "auth.deleteUser",
    "auth.signOut",
    "auth.getUserFromRequest",
    "rooms.getPresence",
)
NOT_SERVED: Final = ("storage.", "streams.", "webhooks.")
"""What belongs to parts that this server does not have yet."""


@pytest.fixture(scope="module")
def tour(server: HttpServer) -> dict[str, Any]:
    """What happened at each stop, by method, and the methods that there are."""
    install_sdks()
    app = create_app(server, "the tour of the admin SDK")
    done = subprocess.run(
        [program("node"), "admin_tour.mjs", server.http_url, app.id, app.admin_token],
        cwd=HERE,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=TOUR_SECONDS,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    assert "methods" in lines[-1], done.stderr
    happened = {line["method"]: line["error"] for line in lines[:-1]}
    return {"happened": happened, "methods": lines[-1]["methods"]}


@pytest.mark.parametrize("method", STOPS)
def test_method_does_what_its_documentation_says(tour: dict[str, Any], method: str) -> None:
    assert tour["happened"][method] is None, tour["happened"][method]


def test_no_public_method_is_left_out(tour: dict[str, Any]) -> None:
    served = {name for name in tour["methods"] if not name.startswith(NOT_SERVED)}
    assert served == set(STOPS) == set(tour["happened"])
