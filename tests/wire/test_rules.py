"""Rules endpoints as `instant-cli` and the platform SDK read them (http-api.md §7.7, §8)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from django.test import AsyncRequestFactory

from triples import tenants
from triples.http import rules
from triples.sql.pool import Connection
from wire.http import View
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

REQUESTS = AsyncRequestFactory()
OPEN = {"todos": {"allow": {"view": "true"}}}
SHUT = {"todos": {"allow": {"view": "false"}}}


class Tool:
    """Somebody with the admin token of an app."""

    def __init__(self, new: tenants.NewApp) -> None:
        self.app_id = new.app.id
        self.token = new.admin_token

    async def call(self, view: View, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is None:
            request = REQUESTS.get("/x", headers=headers)
        else:
            request = REQUESTS.post("/x", body, content_type="application/json", headers=headers)
        response = await view(request, app_id=self.app_id)
        return response.status_code, json.loads(response.content)

    async def push(self, code: Any) -> Any:
        status, body = await self.call(rules.dash_push, {"code": code})
        assert status == 200, body
        return body["rules"]


@pytest_asyncio.fixture
async def tool(conn: Connection) -> Tool:
    return Tool(await tenants.create_app(conn, "ruled"))


@pytest.mark.parametrize("view", [rules.dash_pull, rules.superadmin_perms])
async def test_app_without_rules_has_null(tool: Tool, view: View) -> None:
    assert await tool.call(view) == (200, {"perms": None})


@pytest.mark.parametrize("view", [rules.dash_push, rules.superadmin_perms])
async def test_pushed_rules_are_answered_and_pulled(tool: Tool, view: View) -> None:
    stored = {"app_id": tool.app_id, "code": OPEN, "version": 0}
    assert await tool.call(view, {"code": OPEN}) == (200, {"rules": stored})
    for pull in (rules.dash_pull, rules.superadmin_perms):
        assert await tool.call(pull) == (200, {"perms": OPEN})


async def test_version_counts_real_changes(tool: Tool) -> None:
    pushed = [OPEN, OPEN, SHUT, SHUT, OPEN, {}]
    assert [(await tool.push(code))["version"] for code in pushed] == [0, 0, 1, 1, 2, 3]


async def test_rules_come_back_when_nothing_changed(tool: Tool) -> None:
    await tool.push(OPEN)
    assert (await tool.push(OPEN))["code"] == OPEN


async def test_one_is_not_true(tool: Tool) -> None:
    await tool.push({"todos": {"allow": {"view": True}}})
    assert (await tool.push({"todos": {"allow": {"view": "true"}}}))["version"] == 1


async def test_versions_tell_how_rules_changed(tool: Tool) -> None:
    for code in (OPEN, SHUT, SHUT | {"goals": {"allow": {}}}):
        await tool.push(code)
    status, body = await tool.call(rules.dash_versions)
    assert status == 200
    assert [(one["version"], one["edits"]) for one in body["versions"]] == [
        (2, [[["goals"], "-"]]),
        (1, [[["todos", "allow", "view"], "r", "true"]]),
    ]
    assert all(one["created_at"] for one in body["versions"])


async def test_only_the_newest_versions_are_kept(tool: Tool) -> None:
    for number in range(55):
        await tool.push({"todos": {"allow": {"view": f"{number} > 1"}}})
    _, body = await tool.call(rules.dash_versions)
    assert [one["version"] for one in body["versions"]] == list(range(54, 4, -1))


async def test_bad_rules_are_refused_and_nothing_is_stored(tool: Tool) -> None:
    await tool.push(OPEN)
    bad = {"todos": {"allow": {"view": "!10", "create": "lol"}}}
    status, body = await tool.call(rules.dash_push, {"code": bad})
    assert (status, body["type"]) == (400, "validation-failed")
    assert body["message"].startswith("Validation failed for rule: found no matching overload")
    assert [error["in"] for error in body["hint"]["errors"]] == [
        ["todos", "allow", "view"],
        ["todos", "allow", "create"],
    ]
    assert await tool.call(rules.dash_pull) == (200, {"perms": OPEN})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "param-missing"),
        ({"code": "true"}, "param-malformed"),
        ({"code": 1}, "param-malformed"),
    ],
)
async def test_code_must_be_an_object(tool: Tool, body: Any, kind: str) -> None:
    status, answer = await tool.call(rules.dash_push, body)
    assert (status, answer["type"], answer["hint"]["in"]) == (400, kind, ["body", "code"])


@pytest.mark.parametrize(
    "view", [rules.dash_pull, rules.dash_push, rules.dash_versions, rules.superadmin_perms]
)
async def test_token_of_another_app_opens_nothing(conn: Connection, tool: Tool, view: View) -> None:
    other = await tenants.create_app(conn, "other")
    await tool.push(OPEN)
    for token in (other.admin_token, new_id()):
        stranger = Tool(tenants.NewApp(other.app, token))
        stranger.app_id = tool.app_id
        body = {"code": SHUT} if view is rules.dash_push else None
        status, _ = await stranger.call(view, body)
        assert status == 400
    assert await tool.call(rules.dash_pull) == (200, {"perms": OPEN})
