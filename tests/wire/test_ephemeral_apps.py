"""Ephemeral apps over HTTP, as SDKs and `create-instant-app` make them (http-api.md §7.4)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import AsyncRequestFactory

from triples import tenants
from triples.http.ephemeral_apps import Policy, ephemeral_app, ephemeral_apps
from triples.sql.pool import Connection
from wire.ids import new_id, parse_uuid

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

REQUESTS = AsyncRequestFactory()
UNLIMITED = Policy(creations_per_hour=None)
DAYS_14_MS = 14 * 86_400_000


async def create(body: Any, policy: Policy = UNLIMITED) -> tuple[int, Any]:
    """Status and body of a creation."""
    request = REQUESTS.post(
        "/dash/apps/ephemeral", data=json.dumps(body), content_type="application/json"
    )
    response = await ephemeral_apps(policy)(request)
    return response.status_code, json.loads(response.content)


async def show(app_id: str) -> tuple[int, Any]:
    """Status and body of a look at an app."""
    request = REQUESTS.get(f"/dash/apps/ephemeral/{app_id}")
    response = await ephemeral_app()(request, app_id=app_id)
    return response.status_code, json.loads(response.content)


async def test_made_app_has_what_clients_read(conn: Connection) -> None:
    status, body = await create({"title": " todo "})
    app = body["app"]
    assert status == 200
    assert (app["title"], app["org_id"], app["status"]) == ("todo", None, "active")
    assert parse_uuid(app["id"])
    assert parse_uuid(app["creator_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", app["created_at"])
    await tenants.verify_admin_token(conn, app["id"], app["admin-token"])


async def test_app_expires_14_days_after_it_was_made(conn: Connection) -> None:
    _, body = await create({"title": "todo"})
    app = await tenants.find_app(conn, body["app"]["id"])
    assert abs(body["expires_ms"] - app.created_at.timestamp() * 1000 - DAYS_14_MS) <= 1


async def test_shown_app_is_the_made_one_without_its_token() -> None:
    _, made = await create({"title": "todo"})
    status, shown = await show(made["app"]["id"])
    del made["app"]["admin-token"]
    assert (status, shown) == (200, made)


async def test_app_that_stays_is_not_shown(conn: Connection) -> None:
    app = (await tenants.create_app(conn, "stays")).app
    status, body = await show(app.id)
    assert status == 400
    assert body == {
        "type": "permission-denied",
        "message": "Permission denied: not ephemeral-app?",
        "hint": {"input": app.id, "expected": "ephemeral-app?"},
    }


@pytest.mark.parametrize(
    ("app_id", "error_type"),
    [
        pytest.param(new_id(), "record-not-found", id="unknown"),
        pytest.param("todo", "param-malformed", id="no uuid"),
    ],
)
async def test_missing_app_is_named(app_id: str, error_type: str) -> None:
    status, body = await show(app_id)
    assert (status, body["type"]) == (400, error_type)


@pytest.mark.parametrize(
    ("rules", "stored"),
    [
        pytest.param({"code": {"todos": {}}}, {"todos": {}}, id="rules"),
        pytest.param({"todos": {}}, None, id="bare rules are ignored"),
    ],
)
async def test_rules_are_stored_under_code(conn: Connection, rules: Any, stored: Any) -> None:
    _, body = await create({"title": "todo", "rules": rules})
    cursor = await conn.execute(
        "select code from rules where app_id = %s::uuid", (body["app"]["id"],)
    )
    row = await cursor.fetchone()
    assert (row[0] if row else None) == stored


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        pytest.param({}, "param-missing", id="no title"),
        pytest.param({"title": " "}, "param-malformed", id="blank title"),
        pytest.param({"title": "t", "rules": {"code": 1}}, "param-malformed", id="rules a number"),
        pytest.param({"title": "t", "schema": {}}, "validation-failed", id="schema"),
    ],
)
async def test_refused_request_makes_no_app(conn: Connection, body: Any, error_type: str) -> None:
    count = "select count(*) from apps"
    before = await (await conn.execute(count)).fetchone()
    status, answer = await create(body)
    assert (status, answer["type"]) == (400, error_type)
    assert await (await conn.execute(count)).fetchone() == before


async def test_schema_is_applied_by_the_function_handed_in() -> None:
    applied = []

    async def apply(conn: Connection, app_id: str, schema: dict[str, Any]) -> None:
        applied.append((app_id, schema))

    request = REQUESTS.post(
        "/dash/apps/ephemeral",
        data=json.dumps({"title": "todo", "schema": {"blobs": {}}}),
        content_type="application/json",
    )
    response = await ephemeral_apps(UNLIMITED, apply)(request)
    assert applied == [(json.loads(response.content)["app"]["id"], {"blobs": {}})]


async def test_operator_can_switch_creation_off() -> None:
    status, body = await create({"title": "todo"}, Policy(may_create=False))
    assert status == 400
    assert body["message"] == "Permission denied: not ephemeral-app-creation"


async def test_address_beyond_its_limit_is_told_to_wait(conn: Connection) -> None:
    await conn.execute("delete from ephemeral_app_creations")
    policy = Policy(creations_per_hour=2)
    answers = [await create({"title": "todo"}, policy) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    assert answers[-1][1]["type"] == "rate-limited"
