"""The admin API as an app's own server calls it: one HTTP request each (http-api.md §3)."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from tests.sdk.apps import HTTP_SECONDS, App, HttpServer


def call(
    server: HttpServer,
    app: App,
    method: str,
    path: str,
    body: Any = None,
    **query: str,
) -> Any:
    """The answer's body; raises `HTTPError` for a refusal."""
    address = f"{server.http_url}/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    request = urllib.request.Request(
        address,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "content-type": "application/json",
            "app-id": app.id,
            "authorization": f"Bearer {app.admin_token}",
        },
        method=method,
    )
    with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
        return json.load(response)


def make_user(server: HttpServer, app: App, email: str) -> Any:
    """A user with a new refresh token."""
    return call(server, app, "POST", "admin/refresh_tokens", {"email": email})["user"]
