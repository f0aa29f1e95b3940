"""Schema endpoints as `instant-cli` and the platform SDK read them (http-api.md §7.5, §7.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from django.test import AsyncRequestFactory

from instant_project.urls import ephemeral_policy
from triples import tenants
from triples.http import schema
from triples.http.ephemeral_apps import ephemeral_apps
from triples.indexing.stages import run_batch
from triples.schema.apply import apply_new_schema
from triples.sql.pool import Connection
from wire.http import View
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]

REQUESTS = AsyncRequestFactory()
DOCUMENT: dict[str, Any] = {
    "entities": {
        "posts": {
            "attrs": {
                "title": {"valueType": "string", "required": True, "config": {"indexed": True}},
                "slug": {"valueType": "string", "config": {"unique": True}},
                "meta": {"valueType": "json"},
            }
        },
        "authors": {"attrs": {}},
        "$users": {"attrs": {"email": {"valueType": "string"}, "nick": {"valueType": "string"}}},
    },
    "links": {
        "postsAuthor": {
            "forward": {"on": "posts", "has": "one", "label": "author", "onDelete": "cascade"},
            "reverse": {"on": "authors", "has": "many", "label": "posts"},
        }
    },
    "rooms": {},
}


class Cli:
    """Somebody with the admin token of an app."""

    def __init__(self, conn: Connection, new: tenants.NewApp) -> None:
        self.conn = conn
        self.app_id = new.app.id
        self.token = new.admin_token

    async def get(self, view: View, **path: str) -> tuple[int, Any]:
        request = REQUESTS.get("/", headers=self._headers())
        response = await view(request, app_id=self.app_id, **path)
        return response.status_code, json.loads(response.content)

    async def post(self, view: View, body: Any) -> tuple[int, Any]:
        request = REQUESTS.post(
            "/",
            data=json.dumps(body),
            content_type="application/json",
            headers=self._headers(),
        )
        response = await view(request, app_id=self.app_id)
        return response.status_code, json.loads(response.content)

    async def push(self, document: Any = DOCUMENT) -> Any:
        body = {
            "schema": document,
            "check_types": True,
            "supports_background_updates": True,
        }
        status, answer = await self.post(schema.schema_apply, body)
        assert status == 200, answer
        while await run_batch(self.conn, self.app_id):
            pass
        return answer

    async def blobs(self) -> Any:
        return (await self.get(schema.schema_pull))[1]["schema"]["blobs"]

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@pytest_asyncio.fixture
async def cli(conn: Connection) -> Cli:
    return Cli(conn, await tenants.create_app(conn, "schema app"))


def without_title_index() -> Any:
    document = json.loads(json.dumps(DOCUMENT))
    document["entities"]["posts"]["attrs"]["title"]["config"]["indexed"] = False
    return document


async def test_pull_of_an_empty_app_has_the_system_attrs_that_clients_may_see(cli: Cli) -> None:
    status, body = await cli.get(schema.schema_pull)
    assert (status, body["app-title"]) == (200, "schema app")
    assert {e: set(attrs) for e, attrs in body["schema"]["blobs"].items()} == {
        "$users": {"id", "email", "imageURL", "type"},
        "$files": {"id", "path", "url"},
        "$streams": {"id", "clientId", "done", "size", "abortReason"},
    }
    assert body["schema"]["blobs"]["$files"]["url"]["required?"] is True
    assert {attr["catalog"] for attr in body["attrs"]} == {"system"}
    assert set(body["schema"]["refs"]) == {
        '["$users" "linkedPrimaryUser" "$users" "linkedGuestUsers"]',
        '["$streams" "$files" "$files" "$stream"]',
    }


async def test_change_of_a_stored_attr_is_a_job_that_the_client_can_follow(cli: Cli) -> None:
    await cli.push(without_title_index())
    answer = await cli.push()
    ((action, fields),) = answer["steps"]
    group = answer["indexing-jobs"]
    assert action == "index"
    assert [job["id"] for job in group["jobs"]] == [fields["job-id"]]
    assert (group["jobs"][0]["attr_name"], group["jobs"][0]["job_status"]) == (
        "posts.title",
        "waiting",
    )
    _, followed = await cli.get(schema.indexing_group, group_id=group["group-id"])
    _, single = await cli.get(schema.indexing_job, job_id=fields["job-id"])
    assert followed["jobs"] == [single["job"]]
    assert single["job"]["job_status"] == "completed"
    assert (await cli.blobs())["posts"]["title"]["index?"] is True


async def test_name_can_be_deleted_and_used_again_in_one_push(cli: Cli) -> None:
    await cli.push()
    title = (await cli.blobs())["posts"]["title"]
    new = new_id()
    added = {
        "id": new,
        "value-type": "blob",
        "cardinality": "one",
        "forward-identity": [new, "posts", "title"],
        "reverse-identity": None,
        "unique?": False,
        "index?": False,
        "checked-data-type": "any",
    }
    steps = [["add-attr", added], ["delete-attr", title["id"]]]
    status, answer = await cli.post(schema.schema_steps_apply, {"steps": steps})
    assert status == 200, answer
    assert answer["steps"] == steps
    assert (await cli.blobs())["posts"]["title"]["id"] == new
    _, listed = await cli.get(schema.dash_soft_deleted)
    assert [attr["id"] for attr in listed["attrs"]] == [title["id"]]
    assert listed["grace-period-days"] == 2


async def test_unknown_job_type_is_named(cli: Cli) -> None:
    status, body = await cli.post(schema.indexing_jobs, {"attr-id": new_id(), "job-type": "polish"})
    assert (status, body["message"]) == (
        400,
        "Validation failed for job-type: Invalid job type polish.",
    )


async def test_job_for_an_unknown_attr_is_not_queued(cli: Cli) -> None:
    status, body = await cli.post(schema.indexing_jobs, {"attr-id": new_id(), "job-type": "index"})
    assert (status, body["type"]) == (400, "record-not-found")


async def test_token_of_another_app_says_so(cli: Cli, conn: Connection) -> None:
    cli.token = (await tenants.create_app(conn, "other")).admin_token
    status, body = await cli.get(schema.schema_pull)
    assert (status, body["hint"]) == (400, {"reason": "admin-token-mismatch"})


async def test_unknown_token_opens_nothing(cli: Cli) -> None:
    cli.token = new_id()
    status, body = await cli.get(schema.schema_pull)
    assert (status, body["type"]) == (400, "record-not-found")


async def test_ephemeral_app_is_made_with_its_schema(cli: Cli) -> None:
    request = REQUESTS.post(
        "/dash/apps/ephemeral",
        data=json.dumps({"title": "todo", "schema": DOCUMENT}),
        content_type="application/json",
    )
    response = await ephemeral_apps(ephemeral_policy, apply_new_schema)(request)
    app = json.loads(response.content)["app"]
    cli.app_id, cli.token = app["id"], app["admin-token"]
    assert set((await cli.blobs())["posts"]) == {"id", "title", "slug", "meta"}
