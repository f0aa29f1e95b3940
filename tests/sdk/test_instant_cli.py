"""The published `instant-cli` pushes, pulls, renames and deletes against a running server."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.apps import HTTP_SECONDS, App, HttpServer
from tests.sdk.cli_project import CliProject

ENTITIES = """
    entities: {
      posts: i.entity({
        title: i.string(),
        slug: i.string().unique().indexed(),
        rank: i.number().indexed().optional(),
        draft: i.boolean().optional(),
        due: i.date().optional(),
        meta: i.json().optional(),
      }),
      authors: i.entity({ name: i.string().optional() }),
      tags: i.entity({ label: i.string().unique() }),
    },
"""
LINKS = """
    links: {
      postsAuthor: {
        forward: { on: "posts", has: "one", label: "author", onDelete: "cascade" },
        reverse: { on: "authors", has: "many", label: "posts" },
      },
      postsTags: {
        forward: { on: "posts", has: "many", label: "tags" },
        reverse: { on: "tags", has: "many", label: "posts" },
      },
    },
"""
POST = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def project(tmp_path: Path, server: HttpServer, app: App) -> CliProject:
    return CliProject.make(tmp_path, server.http_url, app)


@pytest.fixture
def pushed(project: CliProject) -> CliProject:
    """A project whose schema is on the server."""
    project.write_schema(ENTITIES + LINKS)
    project.run("push", "schema", "--yes")
    return project


def ask(project: CliProject, path: str, body: Any = None) -> Any:
    """An HTTP request with the app's admin token."""
    request = urllib.request.Request(
        project.http_url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "content-type": "application/json",
            "app-id": project.app.id,
            "authorization": f"Bearer {project.app.admin_token}",
        },
    )
    with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
        return json.load(response)


def write(project: CliProject, *steps: Any) -> None:
    ask(project, "/admin/transact", {"steps": steps})


def attrs_of(project: CliProject, etype: str) -> dict[str, Any]:
    pulled = ask(project, f"/dash/apps/{project.app.id}/schema/pull")
    attrs: dict[str, Any] = pulled["schema"]["blobs"][etype]
    return attrs


def test_pushed_schema_is_stored_with_all_its_properties(pushed: CliProject) -> None:
    posts = attrs_of(pushed, "posts")
    assert {
        label: (attr.get("checked-data-type"), attr["unique?"], attr["index?"], attr["required?"])
        for label, attr in posts.items()
        if label != "id"
    } == {
        "title": ("string", False, False, True),
        "slug": ("string", True, True, True),
        "rank": ("number", False, True, False),
        "draft": ("boolean", False, False, False),
        "due": ("date", False, False, False),
        "meta": (None, False, False, False),
    }


def test_second_push_finds_nothing_to_do(pushed: CliProject) -> None:
    assert "No schema changes to apply" in pushed.run("push", "schema", "--yes")


def test_pulled_schema_equals_the_pushed_one(pushed: CliProject) -> None:
    """A push of the pulled file has nothing to do, and the file says what was pushed."""
    (pushed.folder / "instant.schema.ts").unlink()
    pushed.run("pull", "schema", "--yes")
    text = pushed.schema_text()
    assert "slug: i.string().unique().indexed()" in text
    assert 'onDelete: "cascade"' in text
    assert "No schema changes to apply" in pushed.run("push", "schema", "--yes")


def test_renamed_attr_keeps_its_values(pushed: CliProject) -> None:
    write(pushed, ["create", "posts", POST, {"title": "t", "slug": "s", "rank": 7}])
    rank = attrs_of(pushed, "posts")["rank"]["id"]
    pushed.write_schema(ENTITIES.replace("rank:", "score:") + LINKS)
    pushed.run("push", "schema", "--yes", "--rename", "posts.rank:posts.score")
    assert attrs_of(pushed, "posts")["score"]["id"] == rank
    write(pushed, ["update", "posts", POST, {"score": 8}])


def test_values_of_a_deleted_attr_survive_its_restoration(pushed: CliProject) -> None:
    """They are seen by a job that finds two of them equal."""
    posts = {POST[:-1] + number: number for number in ("1", "2")}
    for post, number in posts.items():
        write(pushed, ["create", "posts", post, {"title": "t", "slug": number, "draft": True}])
    draft = attrs_of(pushed, "posts")["draft"]["id"]
    pushed.write_schema(ENTITIES.replace("draft: i.boolean().optional(),", "") + LINKS)
    pushed.run("push", "schema", "--yes")
    assert "draft" not in attrs_of(pushed, "posts")

    steps = [["restore-attr", draft], ["unique", {"attr-id": draft}]]
    path = f"/dash/apps/{pushed.app.id}/schema/steps/apply"
    group = ask(pushed, path, {"steps": steps})["indexing-jobs"]["group-id"]
    while (job := jobs(pushed, group)[0])["job_status"] in ("waiting", "processing"):
        pass
    assert attrs_of(pushed, "posts")["draft"]["id"] == draft
    assert (job["error"], job["invalid_unique_value"]) == ("triple-not-unique-error", True)
    assert {sample["entity_id"] for sample in job["invalid_triples_sample"]} == set(posts)


def jobs(project: CliProject, group: str) -> Any:
    return ask(project, f"/dash/apps/{project.app.id}/indexing-jobs/group/{group}")["jobs"]


def test_values_that_forbid_a_change_are_printed(pushed: CliProject) -> None:
    for number in (1, 2):
        post = POST[:-1] + str(number)
        write(pushed, ["create", "posts", post, {"title": "same", "slug": str(number)}])
    pushed.write_schema(ENTITIES.replace("title: i.string()", "title: i.string().unique()") + LINKS)
    done = pushed.attempt("push", "schema", "--yes")
    assert done.returncode == 1
    assert "same" in done.stdout
    assert attrs_of(pushed, "posts")["title"]["unique?"] is False
