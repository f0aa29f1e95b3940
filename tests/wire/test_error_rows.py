"""Every kind of refusal, as a client of the running server sees it (http-api.md §1.4 to §1.8).

What an error of the server's own looks like is in `tests/unit/wire/test_http.py`; refusals of
sign-in have a table of their own (`test_auth_refusals.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg
import pytest

from tests.sdk.apps import App, create_app
from tests.served import ServedDatabase
from wire import errors
from wire.errors import InstantError
from wire.ids import new_id

GHOST: Final = new_id()
PAGE: Final = "https://app.example"
SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Caller:
    """An app with a unique attr, a typed one, rules, and one row."""

    server: ServedDatabase
    app: App
    row: str

    def post(self, path: str, body: Any, **headers: str | None) -> httpx.Response:
        """A request as the app's admin; a header that is None is left out."""
        return self.send("POST", path, json=body, **headers)

    def get(self, path: str) -> httpx.Response:
        """The same without a body."""
        return self.send("GET", path)

    def transact(self, *steps: Any, **headers: str | None) -> httpx.Response:
        """A write."""
        return self.post("/admin/transact", {"steps": list(steps)}, **headers)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Anything else; names in `options` that httpx does not know are headers."""
        given = {"json": options.pop("json")} if "json" in options else {}
        known = {
            "app-id": self.app.id,
            "authorization": f"Bearer {self.app.admin_token}",
            "origin": PAGE,
        }
        named = {name.replace("_", "-"): value for name, value in options.items()}
        headers = {name: value for name, value in (known | named).items() if value is not None}
        url = self.server.http_url + path
        return httpx.request(method, url, headers=headers, timeout=SECONDS, **given)

    def become(self, status: str) -> None:
        """Give the app a status, as an operator does."""
        with psycopg.connect(self.server.database_url, autocommit=True) as conn:
            conn.execute("update apps set status = %s where id = %s", (status, self.app.id))


@pytest.fixture(scope="module")
def caller(server: ServedDatabase) -> Caller:
    """One for all rows; those that change its status change it back."""
    app, row = create_app(server, "refusals"), new_id()
    made = Caller(server, app, row)
    goal = {
        "slug": {"valueType": "string", "config": {"indexed": True, "unique": True}},
        "count": {"valueType": "number", "config": {"indexed": True, "unique": False}},
    }
    schema = {"entities": {"goals": {"attrs": goal}}, "links": {}}
    pushed = made.post(
        f"/dash/apps/{app.id}/schema/push/apply", {"schema": schema, "check_types": True}
    )
    assert pushed.status_code == 200, pushed.text
    rules = {
        "goals": {"allow": {"create": "false", "update": "data.count > 'x'"}},
        "$default": {"allow": {"$default": "true"}},
    }
    assert made.post(f"/dash/apps/{app.id}/rules", {"code": rules}).status_code == 200
    assert made.transact(["create", "goals", row, {"slug": "a", "count": 1}]).status_code == 200
    return made


Row = Callable[[Caller], httpx.Response]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, authorization=f"Bearer {GHOST}"),
            {
                "type": "record-not-found",
                "message": "Record not found: app-admin-token",
                "hint": {
                    "record-type": "app-admin-token",
                    "message": "This admin token may be expired or invalid. Or you may have"
                    " provided an incorrect app ID.",
                },
            },
            id="unknown token",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, as_token=GHOST),
            {
                "type": "record-not-found",
                "message": "Record not found: app-user",
                "hint": {"record-type": "app-user"},
            },
            id="unknown user",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, app_id=GHOST, as_guest="true"),
            {
                "type": "record-not-found",
                "message": "Record not found: app",
                "hint": {"record-type": "app"},
            },
            id="unknown app",
        ),
        pytest.param(
            lambda c: c.transact(["update", "goals", new_id(), {"slug": "a"}]),
            {
                "type": "record-not-unique",
                "message": "`slug` is a unique attribute on `goals` and an entity already exists"
                ' with `goals.slug` = "a"',
            },
            id="value that is taken",
        ),
        pytest.param(
            lambda c: c.transact(["update", "goals", c.row, {"count": "many"}]),
            {"type": "validation-failed"},
            id="value of another type",
        ),
        pytest.param(
            lambda c: c.transact(["zap", "goals", c.row, {}]),
            {"type": "validation-failed"},
            id="unknown step",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {"goals": {"$": 1}}}),
            {"type": "validation-failed"},
            id="query of the wrong shape",
        ),
        pytest.param(
            lambda c: c.transact(["create", "goals", new_id(), {"count": 2}], as_guest="true"),
            {
                "type": "permission-denied",
                "message": "Permission denied: not perms-pass?",
                "hint": {"input": ["goals", "object"], "expected": "perms-pass?"},
            },
            id="rule that says no",
        ),
        pytest.param(
            lambda c: c.transact(["update", "goals", c.row, {"count": 2}], as_guest="true"),
            {"type": "permission-evaluation-failed"},
            id="rule without a value",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {}),
            {
                "type": "param-missing",
                "message": 'Missing parameter: ["body" "query"]',
                "hint": {"in": ["body", "query"]},
            },
            id="field that is missing",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, app_id=None),
            {
                "type": "param-missing",
                "message": 'Missing parameter: ["headers" "app-id"]',
                "hint": {"in": ["headers", "app-id"]},
            },
            id="app that is not named",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, authorization=None),
            {
                "type": "param-missing",
                "message": 'Missing parameter: ["headers" "authorization"]',
                "hint": {"in": ["headers", "authorization"]},
            },
            id="secret that is not shown",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": []}),
            {
                "type": "param-malformed",
                "message": 'Malformed parameter: ["body" "query"]',
                "hint": {"in": ["body", "query"], "original-input": []},
            },
            id="field of the wrong kind",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, app_id="x"),
            {
                "type": "param-malformed",
                "message": 'Malformed parameter: ["headers" "app-id"]',
                "hint": {"in": ["headers", "app-id"], "original-input": "x"},
            },
            id="id that is none",
        ),
        pytest.param(
            lambda c: c.post("/admin/query", {"query": {}}, as_token="x"),
            {
                "type": "param-malformed",
                "hint": {"in": ["asUser", "token"], "original-input": None},
            },
            id="token that is none, and is not repeated",
        ),
        pytest.param(
            lambda c: c.post(
                f"/admin/sse/push?app_id={c.app.id}",
                {"machine_id": GHOST, "session_id": GHOST, "sse_token": GHOST, "messages": []},
            ),
            {"type": "member-missing", "hint": {"machine-id": GHOST}},
            id="process that is gone",
        ),
        pytest.param(
            lambda c: c.post("/dash/apps/ephemeral", {"title": " "}),
            {"type": "param-malformed", "hint": {"in": ["body", "title"], "original-input": " "}},
            id="blank text",
        ),
        pytest.param(
            lambda c: c.post("/admin/magic_code", {"email": "nobody"}),
            {
                "type": "param-malformed",
                "hint": {"in": ["body", "email"], "original-input": "nobody"},
            },
            id="email that is none",
        ),
    ],
)
def test_refusal_has_its_row(caller: Caller, ask: Row, expected: dict[str, Any]) -> None:
    response = ask(caller)
    shown = response.json()

    assert response.status_code == 400, shown
    assert {key: shown[key] for key in expected} == expected
    assert isinstance(shown["message"], str)
    assert isinstance(shown["hint"], dict)
    assert response.headers["access-control-allow-origin"] in ("*", PAGE)


@pytest.mark.parametrize(
    ("status", "error_type", "message"),
    [
        ("read-only", "app-read-only", "This app is in read-only mode."),
        ("disabled", "app-disabled", "This app is currently disabled."),
    ],
)
def test_app_that_takes_no_writes_says_so(
    caller: Caller, status: str, error_type: str, message: str
) -> None:
    caller.become(status)
    try:
        write = caller.transact(["update", "goals", caller.row, {"count": 3}])
        read = caller.post("/admin/query", {"query": {"goals": {}}})
    finally:
        caller.become("active")

    body = write.json()
    assert (write.status_code, body["type"], body["message"]) == (400, error_type, message)
    assert body["hint"] == {"status": status}
    assert (read.status_code == 200) is (status == "read-only")


def test_malformed_json_is_refused_in_words(caller: Caller) -> None:
    url = f"{caller.server.http_url}/admin/query"
    headers = {"content-type": "application/json; charset=utf-8"}
    response = httpx.post(url, content=b"{", headers=headers, timeout=SECONDS)

    assert (response.status_code, response.text) == (400, "Malformed JSON in request body.")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_method_that_a_route_does_not_have_is_an_unknown_route(caller: Caller, method: str) -> None:
    response = caller.send(method, "/admin/query")

    assert response.status_code == 404
    assert response.json() == {"message": "Oops! We couldn't match this route."}


def test_any_page_may_ask_and_read_its_refusal(caller: Caller) -> None:
    asked = "app-id, authorization, x-instant-source"
    url = f"{caller.server.http_url}/admin/query"
    page = {"origin": PAGE, "access-control-request-headers": asked}
    preflight = httpx.options(
        url, headers=page | {"access-control-request-method": "POST"}, timeout=SECONDS
    )
    refused = caller.post("/admin/query", {})

    assert (preflight.status_code, preflight.content) == (200, b"")
    assert preflight.headers["access-control-allow-headers"] == asked
    assert preflight.headers["access-control-max-age"] == "600"
    assert refused.status_code == 400
    assert refused.headers["access-control-allow-origin"] in ("*", PAGE)


OF_STATUS: Final = {
    400: {
        "record-not-found", "record-expired", "record-not-unique", "sql-raise",
        "permission-denied", "permission-evaluation-failed", "param-missing", "param-malformed",
        "validation-failed", "session-missing", "member-missing", "app-read-only",
        "app-disabled", "oauth-error",
    },
    429: {"rate-limited", "timeout"},
    500: {"email-send-failed", "operation-timed-out"},
}  # fmt: skip


def test_types_have_the_statuses_of_the_table() -> None:
    found: dict[int, set[str]] = {}
    for name in dir(errors):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, InstantError) and kind is not InstantError:
            found.setdefault(kind.http_status, set()).add(kind.type)
    assert found == OF_STATUS
