"""`POST /admin/transact`: its grammar, its errors, and who may call it (http-api.md §3.1, §3.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from django.test import AsyncRequestFactory

from auth_app.refresh_tokens import user_of_token
from tests.database.transact.writer import Writer
from triples import tenants
from triples.attrs.attr import Attr
from triples.attrs.store import load_catalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.http.transactions import admin_transact
from triples.permissions.push import put_rules
from triples.sql.pool import Connection
from wire.http import View
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

REQUESTS = AsyncRequestFactory()
EMAIL = next(a.id for a in SYSTEM_ATTRS if (a.etype, a.label) == ("$users", "email"))
T = new_id()


class Admin:
    """Somebody with the admin token of an app."""

    def __init__(self, conn: Connection, new: tenants.NewApp) -> None:
        self.conn = conn
        self.app_id = new.app.id
        self.headers = {"app-id": new.app.id, "authorization": f"Bearer {new.admin_token}"}

    async def post(self, body: Any, **headers: str | None) -> tuple[int, Any]:
        """What `admin/transact` answers."""
        return await self.ask(admin_transact(user_of_token), body, **headers)

    async def ask(self, view: View, body: Any, **headers: str | None) -> tuple[int, Any]:
        """Status and body of a view's answer; a header that is None is left out."""
        sent = self.headers | {k.replace("_", "-"): v for k, v in headers.items()}
        request = REQUESTS.post(
            "/",
            data=json.dumps(body),
            content_type="application/json",
            headers={key: value for key, value in sent.items() if value is not None},
        )
        response = await view(request)
        return response.status_code, json.loads(response.content)

    async def write(self, *steps: list[Any], **headers: str | None) -> None:
        """Commit the steps."""
        status, body = await self.post({"steps": steps}, **headers)
        assert (status, list(body)) == (200, ["tx-id"]), body

    async def named(self, entity: str) -> dict[str, Any]:
        """The values of an entity by `etype.label`."""
        attrs = (await load_catalog(self.conn, self.app_id)).attrs
        writer = Writer(self.conn, self.app_id, {f"{a.etype}.{a.label}": a.id for a in attrs})
        return await writer.stored_of(entity)

    async def attr(self, etype: str, label: str) -> Attr:
        """A stored attr."""
        found = (await load_catalog(self.conn, self.app_id)).forward(etype, label)
        assert found is not None
        return found


@pytest_asyncio.fixture
async def admin(conn: Connection) -> Admin:
    """The admin of a new app."""
    return Admin(conn, await tenants.create_app(conn, "admin transact"))


async def test_numbers_are_added_up_by_name_and_by_attr_id(admin: Admin) -> None:
    await admin.write(["increment", "todos", T, {"visits": 2}])
    await admin.write(["increment", "todos", T, {"visits": 3}])
    visits = await admin.attr("todos", "visits")
    await admin.write(["increment-triple", T, visits.id, -1])
    assert await admin.named(T) == {"todos.id": T, "todos.visits": 4}


@pytest.mark.parametrize("is_raw", [False, True], ids=["by name", "by attr id"])
@pytest.mark.parametrize(
    ("expected", "accepted"), [("open", True), ("taken", False), (None, False)]
)
async def test_write_is_done_only_where_expected_values_are_stored(
    admin: Admin, is_raw: bool, expected: Any, accepted: bool
) -> None:
    await admin.write(["update", "todos", T, {"status": "open"}])
    status_attr = await admin.attr("todos", "status")
    expectation = (
        ["expect-triple", T, status_attr.id, expected]
        if is_raw
        else ["expect", "todos", T, {"status": expected}]
    )
    status, body = await admin.post(
        {"steps": [["update", "todos", T, {"status": "mine"}], expectation]}
    )
    assert status == (200 if accepted else 400)
    assert accepted or body["hint"]["errors"][0]["issue"] == "expectation-failed"
    assert (await admin.named(T))["todos.status"] == ("mine" if accepted else "open")


@pytest.mark.parametrize(
    ("headers", "error_type"),
    [
        ({"app_id": None}, "param-missing"),
        ({"app_id": "x"}, "param-malformed"),
        ({"authorization": None}, "param-missing"),
        ({"authorization": "Bearer x"}, "param-malformed"),
        ({"authorization": f"Bearer {new_id()}"}, "record-not-found"),
        ({"as_token": "x"}, "param-malformed"),
        ({"as_token": new_id()}, "record-not-found"),
        ({"as_email": "nobody@b.c"}, "record-not-found"),
        ({"as_email": "a@b.c", "authorization": None}, "param-missing"),
    ],
)
async def test_who_may_not_write(admin: Admin, headers: dict[str, Any], error_type: str) -> None:
    status, body = await admin.post({"steps": []}, **headers)
    assert (status, body["type"]) == (400, error_type)


async def test_steps_are_needed(admin: Admin) -> None:
    _, body = await admin.post({})
    assert (body["type"], body["hint"]) == ("param-missing", {"in": ["body", "steps"]})


async def test_guest_needs_no_token_and_is_no_admin(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"a": 1}], as_guest="true", authorization=None)
    attr = (await admin.attr("todos", "a")).id
    _, body = await admin.post({"steps": [["delete-attr", attr]]}, as_guest="true")
    assert body["type"] == "permission-denied"


async def test_admin_acts_as_the_user_with_an_email(admin: Admin) -> None:
    ann, bob = new_id(), new_id()
    await admin.write(
        ["update", "$users", ann, {"email": "a@b.c", "nick": "x"}],
        ["update", "$users", bob, {"email": "b@b.c"}],
    )
    await admin.write(["update", "$users", ann, {"nick": "A"}], as_email=" A@b.c ")
    _, body = await admin.post(
        {"steps": [["update", "$users", bob, {"nick": "B"}]]}, as_email="a@b.c"
    )
    assert body["type"] == "permission-denied"
    assert (await admin.named(ann))["$users.nick"] == "A"


async def test_admin_is_asked_no_rule_and_whoever_it_acts_as_is(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"title": "a"}])
    await put_rules(admin.conn, admin.app_id, {"todos": {"allow": {"update": "auth.id != null"}}})
    step = ["update", "todos", T, {"title": "b"}]
    status, body = await admin.post({"steps": [step]}, as_guest="true")
    assert status == 400
    body.pop("trace-id", None)
    assert body == {
        "type": "permission-denied",
        "message": "Permission denied: not perms-pass?",
        "hint": {"input": ["todos", "object"], "expected": "perms-pass?"},
    }
    await admin.write(step)


async def test_rule_params_travel_beside_the_steps(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"title": "a"}])
    rules = {"todos": {"allow": {"update": "ruleParams.secret == 's'"}}}
    await put_rules(admin.conn, admin.app_id, rules)
    step = ["update", "todos", T, {"title": "b"}]
    for secret, wanted in (("x", 400), ("s", 200)):
        params = ["ruleParams", "todos", T, {"secret": secret}]
        status, _ = await admin.post({"steps": [step, params]}, as_guest="true")
        assert status == wanted


async def test_rules_know_the_origin_and_the_address_of_a_request(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"title": "a"}])
    rule = "request.origin == 'https://x' && request.ip == '127.0.0.1'"
    await put_rules(admin.conn, admin.app_id, {"todos": {"allow": {"update": rule}}})
    step = ["update", "todos", T, {"title": "b"}]
    for origin, wanted in ((None, 400), ("https://y", 400), ("https://x", 200)):
        status, _ = await admin.post({"steps": [step]}, as_guest="true", origin=origin)
        assert status == wanted
