"""No request, however wrong, gets a 500 or a stack trace, on any route (http-api.md §1.4, §1.5)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

import httpx
import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.conftest import Effort
from tests.properties.requests import METHODS, Request, filled, paths, requests
from tests.sdk.apps import App, HttpServer, create_app

CASES: Final = 5_000
CAMPAIGN_CASES: Final = 100_000
STATUSES: Final = {200, 302, 400, 401, 404, 413, 429}
PAGES: Final = {"", "recipes/", "sdk/instant.js", "health/system", "metrics"}
READ_ONLY: Final = {"GET", "HEAD"}  # what pages answer; all else is 405 there
TRACES: Final = (b"Traceback (most recent call last)", b'File "')
SECONDS: Final = 30.0


def test_every_request_is_answered_or_refused_in_order(
    server: HttpServer, seed: int, effort: Effort
) -> None:
    app = create_app(server, "fuzzed")
    counted: Counter[str] = Counter()
    secrets = {"app-id": app.id, "authorization": f"Bearer {app.admin_token}"}
    with httpx.Client(base_url=server.http_url, timeout=SECONDS) as client:
        made = client.post("/admin/refresh_tokens", json={"email": "a@b.c"}, headers=secrets)
        user_token = made.json()["user"]["refresh_token"]

        routes = _routes(client, app)

        @hypothesis.seed(seed)
        @settings(
            max_examples=effort.cases(CASES, CAMPAIGN_CASES),
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(requests(routes, app, user_token))
        def in_order(request: Request) -> None:
            status, content, kind = _answer(client, request)
            counted[f"{request.method} {status}"] += 1
            may_be_refused = request.method not in READ_ONLY and request.path in PAGES
            assert status in STATUSES | ({405} if may_be_refused else set()), content[:500]
            assert not any(trace in content for trace in TRACES), content[:500]
            if status >= 400 and kind == "application/json":
                _assert_envelope(json.loads(content) if content else None, request.method)

        in_order()
        assert client.get("/health/system").json() == {"wal": "ok"}
    print(f"{len(routes)} routes: {dict(sorted(counted.items()))}")


def _routes(client: httpx.Client, app: App) -> list[tuple[str, str]]:
    """The methods that there are, each with its path; there are some for every path."""
    found = []
    for path in paths():
        methods = []
        for method in METHODS:
            tried = Request(method, filled(path, lambda: app.id), {}, {}, b"")
            if _answer(client, tried)[0] != 404:
                methods.append((method, path))
        assert methods, f"nothing can be done with {path}"
        found += methods
    return found


def _answer(client: httpx.Client, request: Request) -> tuple[int, bytes, str]:
    """Status, body and content type; of a stream that opens, the first bytes."""
    with client.stream(
        request.method,
        "/" + request.path,
        params=request.parameters,
        headers=request.headers,
        content=request.body,
        follow_redirects=False,
    ) as response:
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == "text/event-stream":
            return response.status_code, next(response.iter_raw()), kind
        return response.status_code, response.read(), kind


def _assert_envelope(error: Any, method: str) -> None:
    if error is None:
        assert method == "HEAD"
        return
    if error.get("type") == "oauth-error":  # the one of another shape (http-api.md §1.4)
        assert isinstance(error["error"], str)
        return
    assert isinstance(error["message"], str)
    assert isinstance(error.get("hint", {}), dict)
