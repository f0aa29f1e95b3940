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
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

REQUESTS = AsyncRequestFactory()
EMAIL = next(a.id for a in SYSTEM_ATTRS if (a.etype, a.label) == ("$users", "email"))
T, G = new_id(), new_id()


class Admin:
    """Somebody with the admin token of an app."""

    def __init__(self, conn: Connection, new: tenants.NewApp) -> None:
        self.conn = conn
        self.app_id = new.app.id
        self.headers = {"app-id": new.app.id, "authorization": f"Bearer {new.admin_token}"}

    async def post(self, body: Any, **headers: str | None) -> tuple[int, Any]:
        """Status and body; a header that is None is left out."""
        sent = self.headers | {k.replace("_", "-"): v for k, v in headers.items()}
        request = REQUESTS.post(
            "/admin/transact",
            data=json.dumps(body),
            content_type="application/json",
            headers={key: value for key, value in sent.items() if value is not None},
        )
        response = await admin_transact(user_of_token)(request)
        return response.status_code, json.loads(response.content)

    async def write(self, *steps: list[Any], **headers: str | None) -> None:
        """Commit the steps."""
        status, body = await self.post({"steps": steps}, **headers)
        assert (status, list(body)) == (200, ["tx-id"]), body

    async def refused(self, *steps: Any, strict: bool = False) -> dict[str, Any]:
        """The first error of a refusal for the shape of the steps."""
        status, body = await self.post({"steps": steps, "throw-on-missing-attrs?": strict})
        assert (status, body["type"]) == (400, "validation-failed")
        assert body["hint"]["data-type"] == "steps"
        assert await self.writer().entities() == set()
        error: dict[str, Any] = body["hint"]["errors"][0]
        return error

    def writer(self) -> Writer:
        """The stored rows."""
        return Writer(self.conn, self.app_id)

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


async def test_values_are_written_and_attrs_made(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"id": "ignored", "title": "milk", "done": False}])
    assert await admin.named(T) == {"todos.id": T, "todos.title": "milk", "todos.done": False}
    title, own = await admin.attr("todos", "title"), await admin.attr("todos", "id")
    assert (title.value_type, title.cardinality) == ("blob", "one")
    assert (title.is_unique, title.is_indexed, title.checked_data_type) == (False, False, None)
    assert (own.is_unique, own.is_indexed) == (True, False)


async def test_create_is_for_new_entities(admin: Admin) -> None:
    await admin.write(["create", "todos", T, {"title": "milk"}])
    _, body = await admin.post({"steps": [["create", "todos", T, {"title": "tea"}]]})
    assert body["message"].startswith("Validation failed for tx-step: Creating entities that exist")


@pytest.mark.parametrize("op", ["update", "merge"])
@pytest.mark.parametrize(
    ("options", "accepted"),
    [([], 200), ([{"upsert": True}], 200), ([{"upsert": False}], 400), ([None], 200)],
)
async def test_upsert_option(admin: Admin, op: str, options: list[Any], accepted: int) -> None:
    status, _ = await admin.post({"steps": [[op, "todos", T, {"a": 1}, *options]]})
    assert status == accepted


async def test_merge_is_deep(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"meta": {"a": 1, "b": {"c": 1}}}])
    await admin.write(["merge", "todos", T, {"meta": {"a": None, "b": {"d": 2}}}])
    assert (await admin.named(T))["todos.meta"] == {"b": {"c": 1, "d": 2}}


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


async def test_links_are_made_and_removed_by_either_name(admin: Admin) -> None:
    other = new_id()
    await admin.write(["link", "todos", T, {"goals": [G, other]}])
    link = await admin.attr("todos", "goals")
    assert (link.value_type, link.cardinality, link.is_unique) == ("ref", "many", False)
    assert (link.reverse_etype, link.reverse_label) == ("goals", "todos")
    await admin.write(["unlink", "goals", other, {"todos": T}])
    assert await admin.named(T) == {"todos.goals": G}


LOOKUPS = [
    pytest.param(["email", "a@b.c"], id="list"),
    pytest.param({"email": "a@b.c"}, id="object"),
    pytest.param('lookup__email__"a@b.c"', id="text"),
]


@pytest.mark.parametrize("lookup", LOOKUPS)
async def test_entity_is_named_by_a_unique_value(admin: Admin, lookup: Any) -> None:
    await admin.write(["update", "people", lookup, {"name": "Ann"}])
    await admin.write(["update", "people", lookup, {"age": 3}])
    (entity,) = await admin.writer().entities()
    assert await admin.named(entity) == {
        "people.id": entity,
        "people.email": "a@b.c",
        "people.name": "Ann",
        "people.age": 3,
    }
    email = await admin.attr("people", "email")
    assert (email.is_unique, email.is_indexed) == (True, True)
    await admin.write(["delete", "people", lookup, None])
    assert await admin.writer().entities() == set()


@pytest.mark.parametrize("lookup", LOOKUPS[1:])
@pytest.mark.parametrize("is_list", [True, False], ids=["in a list", "alone"])
async def test_target_is_named_by_a_unique_value(admin: Admin, lookup: Any, is_list: bool) -> None:
    await admin.write(["update", "people", {"email": "a@b.c"}, {}])
    (ann,) = await admin.writer().entities()
    await admin.write(["link", "todos", T, {"people": [lookup] if is_list else lookup}])
    assert await admin.named(T) == {"todos.people": ann}


async def test_entity_is_named_by_what_it_links_to(admin: Admin) -> None:
    await admin.write(["update", "profiles", ["owner.id", G], {"bio": "…"}])
    (profile,) = await admin.writer().entities()
    assert await admin.named(profile) == {
        "profiles.id": profile,
        "profiles.owner": G,
        "profiles.bio": "…",
    }
    owner = await admin.attr("profiles", "owner")
    assert (owner.cardinality, owner.is_unique, owner.is_indexed) == ("one", True, True)


async def test_delete_rule_params_and_raw_attr_steps(admin: Admin) -> None:
    attr_id = new_id()
    attr = {
        "id": attr_id,
        "forward-identity": [new_id(), "todos", "color"],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": False,
        "index?": False,
    }
    await admin.write(["add-attr", attr], ["ruleParams", "todos", T, {"a": 1}])
    await admin.write(["update", "todos", T, {"color": "red"}], ["delete-attr", attr_id])
    await admin.write(["delete", "todos", T])
    assert await admin.writer().entities() == set()
    assert (await load_catalog(admin.conn, admin.app_id)).by_id(attr_id) is None


@pytest.mark.parametrize(
    ("step", "where"),
    [
        ("x", [0]),
        ([], [0, 0]),
        (["explode", "todos", T], [0, 0]),
        (["update-attr", {}], [0, 0]),
        (["create", "todos", T, {}, {}], [0]),
        (["update", "todos", T], [0]),
        (["update", "todos", T, 5], [0, 3]),
        (["update", "", T, {}], [0, 1]),
        (["update", "todos", T, {}, 5], [0, 4]),
        (["update", "todos", T, {" ": 1}], [0, 3, " "]),
        (["increment", "todos", T], [0]),
        (["expect", "todos", T, 5], [0, 3]),
        (["increment-triple", T, G], [0]),
    ],
)
async def test_wrong_shape_is_pointed_at(admin: Admin, step: Any, where: list[Any]) -> None:
    assert (await admin.refused(step))["in"] == where


async def test_unsupported_action_is_named(admin: Admin) -> None:
    assert (await admin.refused(["update-attr", {}]))["message"] == "Unsupported action update-attr"


@pytest.mark.parametrize("entity", ["bad-id", 7, ["a"], {}, {"a": 1, "b": 2}, None])
async def test_bad_id_is_named(admin: Admin, entity: Any) -> None:
    error = await admin.refused(["update", "todos", T, {}], ["update", "todos", entity, {}])
    shown = entity if isinstance(entity, str) else json.dumps(entity, separators=(",", ":"))
    assert error == {
        "message": f"Invalid entity ID '{shown}'. Entity IDs must be UUIDs or lookup references.",
        "in": [1, 2],
    }


@pytest.mark.parametrize(
    ("lookup", "message"),
    [
        (["title", "x"], "title is not a unique attribute on todos"),
        (["x.y.z", "x"], "x.y.z is not a valid lookup attribute."),
        (["owner.name", "x"], "owner.name is not a valid lookup attribute."),
        ("lookup__slug__{", "lookup value is invalid"),
    ],
)
async def test_bad_lookup_is_refused(admin: Admin, lookup: Any, message: str) -> None:
    await admin.write(["update", "todos", T, {"title": "x"}], ["delete", "todos", T])
    assert (await admin.refused(["update", "todos", lookup, {}]))["message"] == message


async def test_missing_attrs_are_named_on_demand(admin: Admin) -> None:
    await admin.write(["update", "todos", T, {"title": "x"}], ["delete", "todos", T])
    error = await admin.refused(["update", "todos", T, {"title": "x", "color": "red"}], strict=True)
    assert error["hint"] == {"attributes": ["todos.color"]}
    assert error["message"] == "Attributes are missing in your schema"


async def test_nothing_is_written_if_one_step_fails(admin: Admin) -> None:
    status, _ = await admin.post(
        {"steps": [["update", "todos", T, {"a": 1}], ["update", "todos", G, {}, {"upsert": False}]]}
    )
    assert status == 400
    assert (await load_catalog(admin.conn, admin.app_id)).forward("todos", "a") is None


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
