"""The published `instant-cli` sets up sign-in: clients, origins, the mail template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sdk.admin import call
from tests.sdk.apps import App
from tests.sdk.cli_project import CliProject
from tests.served import ServedDatabase


@pytest.fixture
def project(tmp_path: Path, server: ServedDatabase, app: App) -> CliProject:
    return CliProject.make(tmp_path, server.http_url, app)


def stored(server: ServedDatabase, app: App) -> Any:
    return call(server, app, "GET", f"dash/apps/{app.id}/auth")


def test_github_client_is_added_listed_and_removed(
    server: ServedDatabase, app: App, project: CliProject
) -> None:
    words = ["--type", "github", "--name", "gh", "--client-id", "ours", "--client-secret", "hush"]
    project.run("auth", "client", "add", *words, "--yes")
    [client] = stored(server, app)["oauth_clients"]
    assert (client["client_name"], client["client_id"]) == ("gh", "ours")
    assert client["meta"] == {"providerName": "github"}
    listed = project.run("auth", "client", "list", "--json")
    assert '"gh"' in listed
    assert "hush" not in listed
    project.run("auth", "client", "delete", "--name", "gh", "--yes")
    assert stored(server, app)["oauth_clients"] == []


def test_origins_are_added_and_listed(
    server: ServedDatabase, app: App, project: CliProject
) -> None:
    for words in (
        ["--type", "website", "--url", "http://localhost:3000"],
        ["--type", "vercel", "--project", "shop"],
        ["--type", "custom-scheme", "--scheme", "myapp://"],
    ):
        project.run("auth", "origin", "add", *words)
    rows = stored(server, app)["authorized_redirect_origins"]
    assert [(row["service"], row["params"]) for row in rows] == [
        ("generic", ["localhost:3000"]),
        ("vercel", ["vercel.app", "shop"]),
        ("custom-scheme", ["myapp"]),
    ]
    assert "localhost:3000" in project.run("auth", "origin", "list")
