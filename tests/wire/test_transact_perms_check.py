"""`POST /admin/transact_perms_check`: what rules say of a write (transactions-permissions §17)."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from auth_app.refresh_tokens import user_of_token
from tests.wire.test_transact import Admin
from triples import tenants
from triples.http.transactions import transact_perms_check
from triples.permissions.push import put_rules
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

T = new_id()
RULES = {"todos": {"allow": {"update": "isNew && data.title == 'a'"}, "bind": {"isNew": "true"}}}


class Debugger(Admin):
    """An admin who acts as a guest, to see what rules say."""

    async def check(self, *steps: Any, **body: Any) -> dict[str, Any]:
        """The answer."""
        status, answer = await self.try_out({"steps": steps, **dashed(body)}, as_guest="true")
        assert status == 200, answer
        return dict(answer)

    async def try_out(self, body: Any, **headers: str | None) -> tuple[int, Any]:
        """What the endpoint answers."""
        return await self.ask(transact_perms_check(user_of_token), body, **headers)


def dashed(body: dict[str, Any]) -> dict[str, Any]:
    """Keys as the endpoint has them."""
    names = {"override": "rules-override", "commit": "dangerously-commit-tx"}
    return {names.get(key, key.replace("_", "-")): value for key, value in body.items()}


@pytest_asyncio.fixture
async def admin(conn: Connection) -> Debugger:
    """The admin of an app with one todo and a rule for it."""
    made = Debugger(conn, await tenants.create_app(conn, "debugged"))
    await made.write(["update", "todos", T, {"title": "a"}])
    await put_rules(conn, made.app_id, RULES)
    return made


async def test_checks_are_reported_and_nothing_stays(admin: Debugger) -> None:
    answer = await admin.check(["update", "todos", T, {"title": "b"}])
    assert isinstance(answer.pop("tx-id"), int)
    assert answer == {
        "all-checks-ok?": True,
        "committed?": False,
        "check-results": [
            {
                "scope": "object",
                "action": "update",
                "etype": "todos",
                "eid": T,
                "program": {
                    "etype": "todos",
                    "action": "update",
                    "code": "cel.bind(isNew, true, isNew && data.title == 'a')",
                    "display-code": "isNew && data.title == 'a'",
                },
                "data": {"id": T, "title": "a"},
                "bindings": {
                    "data": {"id": T, "title": "a"},
                    "new-data": {"id": T, "title": "b"},
                    "rule-params": {},
                    "modified-fields": ["title"],
                },
                "check-result": True,
                "check-pass?": True,
            }
        ],
    }
    assert (await admin.named(T))["todos.title"] == "a"


async def test_denied_checks_do_not_end_the_trial(admin: Debugger) -> None:
    override = {"todos": {"allow": {"update": "null", "create": "0", "delete": "false"}}}
    new = new_id()
    answer = await admin.check(
        ["update", "todos", T, {"title": "b"}],
        ["create", "todos", new, {"title": "c"}],
        ["update", "notes", new, {"text": "n"}],
        override=override,
    )
    assert answer["all-checks-ok?"] is False
    results = {(c["action"], c["etype"]): c for c in answer["check-results"]}
    assert results["update", "todos"]["check-result"] is None
    assert results["update", "todos"]["check-pass?"] is False
    assert results["create", "todos"]["check-result"] == 0
    assert results["create", "todos"]["check-pass?"] is True
    assert results["create", "notes"]["program"] == {}
    assert results["create", "notes"]["check-result"] is True
    assert ("create", "attrs") in results, "attrs that the write makes are asked about as well"


@pytest.mark.parametrize(("rule", "stays"), [("true", True), ("false", False)])
async def test_write_stays_if_asked_and_allowed(admin: Debugger, rule: str, stays: bool) -> None:
    answer = await admin.check(
        ["update", "todos", T, {"title": "b"}],
        override={"todos": {"allow": {"update": rule}}},
        commit=True,
    )
    assert answer["committed?"] is stays
    assert (await admin.named(T))["todos.title"] == ("b" if stays else "a")


async def test_address_and_origin_can_be_given(admin: Debugger) -> None:
    rule = "request.ip == '1.2.3.4' && request.origin == 'https://x'"
    answer = await admin.check(
        ["update", "todos", T, {"title": "b"}],
        override={"todos": {"allow": {"update": rule}}},
        ip_override="1.2.3.4",
        origin_override="https://x",
    )
    assert answer["all-checks-ok?"] is True


async def test_links_show_what_they_link(admin: Debugger) -> None:
    other = new_id()
    await admin.write(["update", "tags", other, {"name": "t"}], ["link", "todos", T, {"tags": []}])
    await admin.write(["link", "todos", T, {"tags": other}])
    answer = await admin.check(
        ["link", "todos", T, {"tags": other}],
        override={"todos": {"allow": {"link": {"tags": "linkedData.name == 't'"}}}},
    )
    (check,) = answer["check-results"]
    assert (check["action"], check["check-pass?"]) == ("link", True)
    assert check["bindings"]["linked-data"] == {"id": other, "name": "t"}
    assert check["bindings"]["actions"] == {"data": "update", "linkedData": "update"}


async def test_failure_shows_the_engines_own_message(admin: Debugger) -> None:
    body = {
        "steps": [["update", "todos", T, {"title": "b"}]],
        "rules-override": {"todos": {"allow": {"update": "data.title > 1"}}},
    }
    status, answer = await admin.try_out(body, as_guest="true")
    assert (status, answer["type"]) == (400, "permission-evaluation-failed")
    assert "No matching overload for function '_>_' applied to" in answer["message"]
    assert "You may have a typo" not in answer["message"]


async def test_override_is_checked_as_if_pushed(admin: Debugger) -> None:
    body = {"steps": [], "rules-override": {"todos": {"allow": {"update": "!10"}}}}
    status, answer = await admin.try_out(body, as_guest="true")
    assert status == 400
    assert answer["message"].startswith("Validation failed for rule: found no matching overload")


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Validation failed for non-admin: Cannot test perms as admin"),
        ({"as_guest": "true", "authorization": None}, "Missing parameter"),
        ({"as_guest": "true", "authorization": f"Bearer {new_id()}"}, "Record not found"),
        ({"as_email": "nobody@b.c"}, "Record not found: app-user"),
    ],
)
async def test_admin_must_act_as_somebody(
    admin: Debugger, headers: dict[str, str | None], message: str
) -> None:
    status, answer = await admin.try_out({"steps": []}, **headers)
    assert status == 400
    assert answer["message"].startswith(message)
