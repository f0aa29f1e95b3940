"""The browser client's optimistic answers: what it shows at once is what the server shows then."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any, Final

import pytest

from tests.sdk.apps import HTTP_SECONDS, HttpServer
from tests.sdk.node import HERE as SDK_FOLDER
from tests.sdk.node import install_sdks, node_environment, program

SCRIPT: Final = Path(__file__).parent / "optimistic.mjs"
SHARE: Final = 20  # one round for so many cases of the other properties: each waits for a server
LIMIT_SECONDS: Final = 1800


def attr(value_type: str, *, indexed: bool = False, unique: bool = False) -> dict[str, Any]:
    config = {"indexed": indexed, "unique": unique}
    return {"valueType": value_type, "required": False, "config": config}


def link(on: str, has: str, label: str, **more: str) -> dict[str, str]:
    return {"on": on, "has": has, "label": label, **more}


SCHEMA: Final = {
    "entities": {
        "people": {
            "attrs": {
                "name": attr("string", indexed=True),
                "age": attr("number", indexed=True),
                "email": attr("string", unique=True),
            }
        },
        "posts": {"attrs": {"title": attr("string", indexed=True), "meta": attr("json")}},
        "tags": {"attrs": {"word": attr("string")}},
    },
    "links": {
        "postsAuthor": {
            "forward": link("posts", "one", "author", onDelete="cascade"),
            "reverse": link("people", "many", "posts"),
        },
        "postsTags": {
            "forward": link("posts", "many", "tags"),
            "reverse": link("tags", "many", "posts"),
        },
        "peopleBoss": {
            "forward": link("people", "one", "boss"),
            "reverse": link("people", "many", "reports"),
        },
        "postsParts": {
            "forward": link("posts", "many", "parts"),
            "reverse": link("posts", "one", "whole", onDelete="cascade"),
        },
        "tagsParent": {
            "forward": link("tags", "one", "parent", onDelete="cascade"),
            "reverse": link("tags", "many", "children"),
        },
    },
}


@pytest.fixture
def app_id(server: HttpServer) -> str:
    """An app with the schema."""
    request = urllib.request.Request(
        f"{server.http_url}/dash/apps/ephemeral",
        data=json.dumps({"title": "optimistic", "schema": SCHEMA}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
        return str(json.load(response)["app"]["id"])


def test_what_shows_at_once_is_what_the_server_shows(
    server: HttpServer, app_id: str, cases: int, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    install_sdks()
    rounds = max(1, cases // SHARE)
    arguments = [server.http_url, app_id, str(seed), str(rounds), str(SDK_FOLDER)]
    done = subprocess.run(
        [program("node"), str(SCRIPT), *arguments],
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stderr[-8000:]}"
    counts = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\nOptimistic answers, seed {seed}: {counts}")
    assert counts["accepted"] >= rounds // 2
    assert counts["changed something"] >= rounds // 4
