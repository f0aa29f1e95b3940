"""Apps for tests, made as a developer makes them: one HTTP request each (http-api.md §7.4)."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any, Protocol

HTTP_SECONDS = 10


class HttpServer(Protocol):
    """What is needed to reach a server over HTTP."""

    @property
    def http_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class App:
    """A tenant of the server under test."""

    id: str
    title: str
    admin_token: str


def create_app(server: HttpServer, title: str) -> App:
    """A new, empty, ephemeral app."""
    request = urllib.request.Request(
        f"{server.http_url}/dash/apps/ephemeral",
        data=json.dumps({"title": title}).encode(),
        headers={"content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
        app = json.load(response)["app"]
    return App(app["id"], app["title"], app["admin-token"])


def push_rules(server: HttpServer, app: App, rules: dict[str, Any]) -> None:
    """Push the app's rules, as `instant-cli` does."""
    request = urllib.request.Request(
        f"{server.http_url}/dash/apps/{app.id}/rules",
        data=json.dumps({"code": rules}).encode(),
        headers={
            "content-type": "application/json",
            "authorization": f"Bearer {app.admin_token}",
        },
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
        assert json.load(response)["rules"]["code"] == rules
