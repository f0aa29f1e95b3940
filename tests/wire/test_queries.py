"""Queries over HTTP: who may ask, what comes back, and bad input (http-api.md §3.1, §3.2, §4.2)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
import pytest_asyncio
from django.test import AsyncRequestFactory

from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.attrs.store import CatalogCache
from triples.http.queries import admin_query, framework_query
from triples.sql.pool import Connection
from wire.ids import hash_uuid_secret, new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

REQUESTS: Final = AsyncRequestFactory()
ANN: Final = new_id()
TITLES: Final = ["a", "b", "c"]


def todo_world() -> World:
    """A user who owns three todos; a todo has one owner."""
    builder = WorldBuilder()
    builder.blob("people", "name")
    builder.blob("todos", "title", "string", indexed=True)
    builder.link("todos", "owner", "people", "todos", cardinality="one")
    builder.entity("people", ANN, 1, name="Ann")
    for number, title in enumerate(TITLES):
        builder.entity("todos", new_id(), number, title=title, owner=ANN)
    return builder.build()


class Asked:
    """An app with its secret, and requests about it."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.catalogs = CatalogCache()

    async def admin(self, body: Any, **headers: str | None) -> tuple[int, Any]:
        """Ask as an admin; a header that is None is left out."""
        authorization = {"authorization": f"Bearer {self.token}"}
        given = {"app_id": self.world.app_id, **authorization, **headers}
        return await self._post(
            admin_query(self.catalogs, self._user_of_token), "/admin/query", body, given
        )

    async def framework(self, body: Any, **headers: str | None) -> tuple[int, Any]:
        """Ask as server-side rendering does."""

        view = framework_query(self.catalogs, self._user_of_token)
        given = {"app_id": self.world.app_id, **headers}
        return await self._post(view, "/runtime/framework/query", body, given)

    async def _user_of_token(self, conn: Connection, app_id: str, token: str) -> Any:
        return {"id": ANN} if token == self.token else None

    async def _post(
        self, view: Any, path: str, body: Any, headers: dict[str, str | None]
    ) -> tuple[int, Any]:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        named = {
            key.replace("_", "-"): value for key, value in headers.items() if value is not None
        }
        request = REQUESTS.post(path, data=text, content_type="application/json", headers=named)
        response = await view(request)
        content = response.content.decode()
        is_json = response.headers["content-type"].startswith("application/json")
        return response.status_code, json.loads(content) if is_json else content


@pytest_asyncio.fixture
async def asked(conn: Connection) -> Asked:
    """A fresh app."""
    world, token = todo_world(), new_id()
    await store_world(conn, world)
    await conn.execute(
        "insert into app_admin_tokens (token_hash, app_id) values (%s, %s::uuid)",
        (hash_uuid_secret(token), world.app_id),
    )
    return Asked(world, token)


def titles(todos: list[dict[str, Any]]) -> list[str]:
    """What is to be done."""
    return [todo["title"] for todo in todos]


async def test_admin_gets_the_bare_tree(asked: Asked) -> None:
    status, body = await asked.admin({"query": {"people": {"todos": {}}, "zippy": {}}})
    assert status == 200
    assert set(body) == {"people", "zippy"}
    assert body["zippy"] == []
    (ann,) = body["people"]
    assert titles(ann["todos"]) == TITLES


@pytest.mark.parametrize(
    ("inference", "owner"),
    [
        pytest.param(None, [{"id": ANN, "name": "Ann"}], id="absent"),
        pytest.param(False, [{"id": ANN, "name": "Ann"}], id="false"),
        pytest.param(True, {"id": ANN, "name": "Ann"}, id="true"),
    ],
)
async def test_inference_makes_has_one_links_single(
    asked: Asked, inference: bool | None, owner: Any
) -> None:
    query = {"todos": {"$": {"where": {"title": "a"}}, "owner": {}}}
    body = {"query": query, **({} if inference is None else {"inference?": inference})}
    _, tree = await asked.admin(body)
    assert tree["todos"][0]["owner"] == owner


async def test_inference_shows_a_missing_end_as_null(asked: Asked) -> None:
    query = {"todos": {"owner": {"$": {"where": {"name": "nobody"}}}}}
    _, tree = await asked.admin({"query": query, "inference?": True})
    assert [todo["owner"] for todo in tree["todos"]] == [None, None, None]


async def test_framework_gets_what_the_client_stores(asked: Asked) -> None:
    query = {"todos": {"$": {"limit": 1}}}
    status, body = await asked.framework({"query": query})
    (node,) = body["result"]
    (row,) = node["data"]["datalog-result"]["join-rows"]
    assert status == 200
    assert node["child-nodes"] == []
    assert len({triple[0] for triple in row}) == 1
    assert node["data"]["page-info"]["todos"]["has-next-page?"] is True
    assert {attr["id"] for attr in body["attrs"]} >= {attr.id for attr in asked.world.attrs}


async def test_attr_made_meanwhile_is_known(asked: Asked, conn: Connection) -> None:
    await asked.admin({"query": {"todos": {}}})
    await conn.execute(
        """
        insert into attrs (id, app_id, value_type, cardinality, forward_ident, etype, label)
        values (%s::uuid, %s::uuid, 'blob', 'one', %s::uuid, 'fresh', 'id')
        """,
        (new_id(), asked.world.app_id, new_id()),
    )
    _, body = await asked.framework({"query": {"fresh": {}}})
    assert any(attr["forward-identity"][1] == "fresh" for attr in body["attrs"])


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="none"),
        pytest.param("Bearer undefined", id="Bearer undefined"),
        pytest.param("undefined", id="undefined"),
        pytest.param(f"Bearer {new_id()}", id="unknown token"),
    ],
)
async def test_framework_takes_any_rubbish_for_an_anonymous_visitor(
    asked: Asked, authorization: str | None
) -> None:
    status, _ = await asked.framework({"query": {"todos": {}}}, authorization=authorization)
    assert status == 200


@pytest.mark.parametrize(
    ("headers", "error_type", "where"),
    [
        pytest.param({"app_id": None}, "param-missing", ["headers", "app-id"], id="no app"),
        pytest.param({"app_id": "x"}, "param-malformed", ["headers", "app-id"], id="app no uuid"),
        pytest.param(
            {"authorization": None}, "param-missing", ["headers", "authorization"], id="no token"
        ),
        pytest.param(
            {"authorization": "Bearer x"},
            "param-malformed",
            ["headers", "authorization"],
            id="token no uuid",
        ),
    ],
)
async def test_admin_without_credentials(
    asked: Asked, headers: dict[str, Any], error_type: str, where: list[str]
) -> None:
    status, body = await asked.admin({"query": {"todos": {}}}, **headers)
    assert (status, body["type"], body["hint"]["in"]) == (400, error_type, where)


async def test_token_of_another_app_opens_nothing(asked: Asked) -> None:
    other = f"Bearer {new_id()}"
    status, body = await asked.admin({"query": {"todos": {}}}, authorization=other)
    assert (status, body["type"]) == (400, "record-not-found")
    assert body["hint"]["record-type"] == "app-admin-token"
    assert body["hint"]["message"].startswith("This admin token may be expired or invalid.")


async def test_refused_token_is_not_repeated(asked: Asked) -> None:
    _, body = await asked.admin({"query": {"todos": {}}}, authorization="Bearer my-secret")
    assert "my-secret" not in json.dumps(body)


OWN: Final = {"todos": {"allow": {"view": "auth.id in data.ref('owner.id')"}}}


async def push(conn: Connection, asked: Asked, code: Any) -> None:
    """Make these the app's rules."""
    await conn.execute(
        "insert into rules (app_id, code) values (%s::uuid, %s::jsonb)",
        (asked.world.app_id, json.dumps(code)),
    )


async def test_query_on_behalf_of_a_user_shows_what_the_user_may_see(
    asked: Asked, conn: Connection
) -> None:
    await push(conn, asked, OWN)
    _, as_guest = await asked.admin({"query": {"todos": {}}}, as_guest="true", authorization=None)
    _, as_ann = await asked.admin({"query": {"todos": {}}}, as_token=asked.token)
    assert as_guest == {"todos": []}
    assert sorted(titles(as_ann["todos"])) == TITLES


async def test_refusal_is_never_one_by_rules_that_are_gone(asked: Asked, conn: Connection) -> None:
    fails = {"todos": {"allow": {"view": "data.title > 1"}}}
    await push(conn, asked, fails)
    status, _ = await asked.admin({"query": {"todos": {}}}, as_guest="true")
    assert status == 400
    await conn.execute(
        "update rules set code = '{}', version = version + 1 where app_id = %s::uuid",
        (asked.world.app_id,),
    )
    status, body = await asked.admin({"query": {"todos": {}}}, as_guest="true")
    assert (status, len(body["todos"])) == (200, 3)


async def test_query_as_an_email_address_nobody_has_is_refused(asked: Asked) -> None:
    status, body = await asked.admin({"query": {"todos": {}}}, as_email="nobody@x.com")
    assert (status, body["type"]) == (400, "record-not-found")


async def test_query_as_an_email_address_wants_an_admin(asked: Asked) -> None:
    status, body = await asked.admin(
        {"query": {"todos": {}}}, as_email="ann@x.com", authorization=None
    )
    assert (status, body["type"]) == (400, "param-missing")


async def test_origin_and_address_reach_the_rules(asked: Asked, conn: Connection) -> None:
    rule = "request.origin == 'https://app.x' && request.ip == '127.0.0.1'"
    await push(conn, asked, {"todos": {"allow": {"view": rule}}})
    for origin, seen in (("https://app.x", 3), ("https://other.x", 0)):
        _, body = await asked.admin({"query": {"todos": {}}}, as_guest="true", origin=origin)
        assert len(body["todos"]) == seen


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        pytest.param({}, "param-missing", id="no query"),
        pytest.param({"query": None}, "param-missing", id="null"),
        pytest.param({"query": "todos"}, "param-malformed", id="text"),
        pytest.param({"query": []}, "param-malformed", id="list"),
        pytest.param({"query": 1}, "param-malformed", id="number"),
        pytest.param([], "param-missing", id="body is a list"),
        pytest.param({"query": {"todos": 1}}, "validation-failed", id="form is a number"),
        pytest.param({"query": {"todos": {"$": 1}}}, "validation-failed", id="options a number"),
        pytest.param(
            {"query": {"todos": {"$": {"limit": -1}}}}, "validation-failed", id="limit -1"
        ),
        pytest.param(
            {"query": {"todos": {"$": {"where": {"title": {"$gt": 1}}}}}},
            "validation-failed",
            id="wrong type",
        ),
    ],
)
@pytest.mark.parametrize("door", ["admin", "framework"])
async def test_bad_body(asked: Asked, door: str, body: Any, error_type: str) -> None:
    status, answer = await getattr(asked, door)(body)
    assert (status, answer["type"]) == (400, error_type)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="cut off"),
        pytest.param('{"query": {"todos": {"$": {"limit": NaN}}}}', id="NaN"),
        pytest.param(b'{"query": {"\xff": {}}}', id="not UTF-8"),
    ],
)
@pytest.mark.parametrize("door", ["admin", "framework"])
async def test_body_that_is_no_json(asked: Asked, door: str, text: str | bytes) -> None:
    status, answer = await getattr(asked, door)(text)
    assert (status, answer) == (400, "Malformed JSON in request body.")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"query": {"todos": {"$": {"where": {"title": "\\ud800"}}}}}', id="value"),
        pytest.param('{"query": {"\\udfff": {}}}', id="name"),
        pytest.param('{"query":' * 2_000 + "{}" + "}" * 2_000, id="deeper than a parser reads"),
    ],
)
@pytest.mark.parametrize("door", ["admin", "framework"])
async def test_body_that_cannot_be_stored_is_named(asked: Asked, door: str, text: str) -> None:
    status, answer = await getattr(asked, door)(text)
    assert (status, answer["type"]) == (400, "validation-failed")
    assert "nested too deeply or holds text that cannot be stored" in answer["message"]


@pytest.mark.parametrize(
    "name", ["naïve", "東京", "🎉", "a b", "'; drop table triples; --", '"', "%s", "\\", ""]
)
async def test_any_text_is_a_name_or_a_value_and_nothing_more(asked: Asked, name: str) -> None:
    query = {
        name: {"$": {"where": {name: name}}, name: {}},
        "todos": {"$": {"where": {"title": name}}},
    }
    status, tree = await asked.admin({"query": query})
    assert status == 200
    assert tree[name] == []
    assert tree["todos"] == []


async def test_zero_character_in_text_finds_nothing(asked: Asked) -> None:
    """PostgreSQL can hold it neither in text nor in jsonb."""
    status, answer = await asked.admin({"query": {"todos": {"$": {"where": {"title": "a\0"}}}}})
    assert (status, answer) == (200, {"todos": []})


async def test_two_hundred_levels(asked: Asked) -> None:
    form: dict[str, Any] = {}
    for level in range(200):
        form = {("owner" if level % 2 else "todos"): form}
    status, tree = await asked.admin({"query": {"people": {"$": {"where": {"name": "x"}}, **form}}})
    assert status == 200
    assert tree == {"people": []}


async def test_deeper_than_any_query_is_refused(asked: Asked) -> None:
    form: dict[str, Any] = {}
    for level in range(400):
        form = {("owner" if level % 2 else "todos"): form}
    status, answer = await asked.admin({"query": {"people": form}})
    assert (status, answer["type"]) == (400, "validation-failed")


async def test_a_hundred_thousand_ids(asked: Asked) -> None:
    ids = [ANN, *(new_id() for _ in range(100_000))]
    query = {"people": {"$": {"where": {"id": {"$in": ids}}}}}
    status, tree = await asked.admin({"query": query})
    assert status == 200
    assert [person["name"] for person in tree["people"]] == ["Ann"]


async def test_query_of_a_megabyte_is_answered_or_refused(asked: Asked) -> None:
    conditions = [{"title": {"$like": f"%{number}%"}} for number in range(40_000)]
    status, answer = await asked.admin({"query": {"todos": {"$": {"where": {"or": conditions}}}}})
    assert status == 200 or (status, answer["type"]) == (400, "validation-failed")


async def test_text_of_a_megabyte_is_compared(asked: Asked) -> None:
    query = {"todos": {"$": {"where": {"title": "x" * 1_000_000}}}}
    assert await asked.admin({"query": query}) == (200, {"todos": []})


async def test_disabled_app_answers_nobody(asked: Asked, conn: Connection) -> None:
    await conn.execute(
        "update apps set status = 'disabled' where id = %s::uuid", (asked.world.app_id,)
    )
    for door in (asked.admin, asked.framework):
        status, body = await door({"query": {"todos": {}}})
        assert (status, body["type"]) == (400, "app-disabled")


async def test_rules_decide_what_visitors_see_and_not_what_admins_see(
    asked: Asked, conn: Connection
) -> None:
    await push(conn, asked, OWN)
    _, hidden = await asked.framework({"query": {"todos": {}}})
    _, shown = await asked.framework(
        {"query": {"todos": {}}}, authorization=f"Bearer {asked.token}"
    )
    assert hidden["result"][0]["data"]["datalog-result"]["join-rows"] == [[]]
    assert shown["result"][0]["data"]["datalog-result"]["join-rows"] != [[]]
    status, tree = await asked.admin({"query": {"todos": {}}})
    assert (status, len(tree["todos"])) == (200, 3)


async def test_system_namespaces_are_the_admins(asked: Asked) -> None:
    status, body = await asked.framework({"query": {"$magicCodes": {}}})
    (row,) = body["result"][0]["data"]["datalog-result"]["join-rows"]
    assert (status, row) == (200, [])
