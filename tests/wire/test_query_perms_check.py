"""`POST /admin/query_perms_check`: what rules say of a query (transactions-permissions §17)."""

from __future__ import annotations

from typing import Any, Final

import pytest
import pytest_asyncio

from auth_app.refresh_tokens import user_of_token
from tests.wire.test_transact import Admin
from triples import tenants
from triples.attrs.store import CatalogCache
from triples.http.query_trials import query_perms_check
from triples.permissions.push import put_rules
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

A, B, NOTE = new_id(), new_id(), new_id()
RULES: Final = {
    "todos": {
        "allow": {"view": "isOpen"},
        "bind": {"isOpen": "data.title == ruleParams.title"},
        "fields": {"secret": "request.ip == '9.9.9.9'"},
    }
}
QUERY: Final = {"todos": {}, "notes": {}, "$$ruleParams": {"title": "a"}}


class Debugger(Admin):
    """An admin who acts as a guest, to see what rules say."""

    async def check(self, **body: Any) -> tuple[int, Any]:
        """Status and answer."""
        return await self.try_out({"query": QUERY, **body}, as_guest="true")

    async def try_out(self, body: Any, **headers: str | None) -> tuple[int, Any]:
        """What the endpoint answers."""
        return await self.ask(query_perms_check(CatalogCache(), user_of_token), body, **headers)


@pytest_asyncio.fixture
async def admin(conn: Connection) -> Debugger:
    """The admin of an app with two todos and a note."""
    made = Debugger(conn, await tenants.create_app(conn, "debugged"))
    await made.write(
        ["update", "todos", A, {"title": "a", "secret": "x"}],
        ["update", "todos", B, {"title": "b", "secret": "y"}],
        ["update", "notes", NOTE, {}],
    )
    await put_rules(conn, made.app_id, RULES)
    return made


async def test_every_rule_is_told_with_the_tree_that_is_left(admin: Debugger) -> None:
    status, answer = await admin.check()
    assert status == 200, answer
    assert answer["result"] == {"todos": [{"id": A, "title": "a"}], "notes": [{"id": NOTE}]}
    assert answer["rule-wheres"] is None
    results = {(each["id"], each["label"]): each for each in answer["check-results"]}
    assert {key: each["check"] for key, each in results.items()} == {
        (A, None): True,
        (A, "secret"): False,
        (B, None): False,
        (B, "secret"): False,
        (NOTE, None): True,
    }
    assert results[B, None] == {
        "id": B,
        "entity": "todos",
        "label": None,
        "record": {"id": B, "title": "b", "secret": "y"},
        "program": {
            "etype": "todos",
            "action": "view",
            "code": "cel.bind(isOpen, data.title == ruleParams.title, isOpen)",
            "display-code": "isOpen",
        },
        "check": False,
    }
    assert results[NOTE, None]["program"] == {}


async def test_other_rules_and_another_address_can_be_tried(admin: Debugger) -> None:
    rules = {"todos": {"allow": {"view": "data.title"}, "fields": RULES["todos"]["fields"]}}
    status, answer = await admin.check(
        **{"rules-override": rules, "ip-override": "9.9.9.9", "inference?": True}
    )
    assert status == 200, answer
    assert sorted(todo["secret"] for todo in answer["result"]["todos"]) == ["x", "y"]
    checks = {each["check"] for each in answer["check-results"]}
    assert checks == {"a", "b", True}


async def test_rules_that_could_not_be_pushed_are_refused(admin: Debugger) -> None:
    status, answer = await admin.check(**{"rules-override": {"todos": {"allow": {"view": "1 +"}}}})
    assert (status, answer["type"]) == (400, "validation-failed")


async def test_failure_of_a_rule_says_why(admin: Debugger) -> None:
    rules = {"todos": {"allow": {"view": "data.title > 1"}}}
    status, answer = await admin.check(**{"rules-override": rules})
    assert (status, answer["type"]) == (400, "permission-evaluation-failed")
    assert "No matching overload" in answer["message"]


@pytest.mark.parametrize(
    ("headers", "error_type"),
    [
        pytest.param({}, "validation-failed", id="as nobody else"),
        pytest.param({"as_guest": "1", "authorization": None}, "param-missing", id="no token"),
        pytest.param(
            {"as_guest": "1", "authorization": f"Bearer {new_id()}"},
            "record-not-found",
            id="wrong token",
        ),
    ],
)
async def test_only_admins_may_ask_and_not_as_themselves(
    admin: Debugger, headers: dict[str, str | None], error_type: str
) -> None:
    status, answer = await admin.try_out({"query": QUERY}, **headers)
    assert (status, answer["type"]) == (400, error_type)
