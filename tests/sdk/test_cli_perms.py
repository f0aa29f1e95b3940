"""The published `instant-cli` pushes and pulls rules; what it prints of bad ones is useful."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sdk.apps import App, HttpServer
from tests.sdk.cli_project import CliProject
from tests.sdk.test_instant_cli import ask

PERMS_FILE = "instant.perms.ts"
RULES = {
    "todos": {
        "allow": {
            "view": "true",
            "create": "isOwner",
            "link": {"owner": "linkedData.id == auth.id"},
        },
        "bind": {"isOwner": "auth.id != null && auth.id == data.ownerId"},
        "fields": {"secret": "isOwner"},
    },
    "$rateLimits": {"writes": {"limits": [{"capacity": 10, "refill": {"period": "1 minute"}}]}},
}


@pytest.fixture
def project(tmp_path: Path, server: HttpServer, app: App) -> CliProject:
    made = CliProject.make(tmp_path, server.http_url, app)
    made.write_schema("entities: { todos: i.entity({ title: i.string().optional() }) }")
    return made


def write_perms(project: CliProject, rules: object) -> None:
    """Write the rules file, as `instant-cli` reads it."""
    (project.folder / PERMS_FILE).write_text(f"export default {json.dumps(rules)};\n")


def test_rules_go_round(project: CliProject) -> None:
    write_perms(project, RULES)
    printed = project.run("push", "perms", "--yes")
    assert "ermissions" in printed
    assert ask(project, f"/dash/apps/{project.app.id}/perms/pull") == {"perms": RULES}

    (project.folder / PERMS_FILE).unlink()
    project.run("pull", "perms", "--yes")
    pulled = (project.folder / PERMS_FILE).read_text()
    assert "isOwner" in pulled
    project.run("push", "perms", "--yes")
    versions = ask(project, f"/dash/apps/{project.app.id}/rule-versions")["versions"]
    assert versions == [], "what was pulled is what was pushed"


def test_bad_rules_print_where_and_why(project: CliProject) -> None:
    write_perms(
        project,
        {"todos": {"allow": {"view": "auth.id = data.ownerId", "create": "newdata.title != null"}}},
    )
    done = project.attempt("push", "perms", "--yes")
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "todos->allow->view" in printed.replace(" ", "")
    assert "Syntax error: unexpected '=' at line 1, column 9" in printed
    assert "undeclared reference to 'newdata' (in container '')" in printed
    assert ask(project, f"/dash/apps/{project.app.id}/perms/pull") == {"perms": None}
