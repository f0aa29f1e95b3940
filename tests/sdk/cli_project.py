"""A project folder as a developer has one, and the published `instant-cli` run in it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.sdk.apps import App
from tests.sdk.node import HERE, install_sdks, node_environment

CLI_FOLDER = HERE / "cli"
COMMAND_SECONDS = 120
SCHEMA_FILE = "instant.schema.ts"


@dataclass(frozen=True, slots=True)
class CliProject:
    """A folder with a schema file, whose commands go to the server under test."""

    folder: Path
    http_url: str
    app: App

    @classmethod
    def make(cls, folder: Path, http_url: str, app: App) -> CliProject:
        """A project that uses the installed packages."""
        install_sdks(CLI_FOLDER)
        (folder / "package.json").write_text(
            '{"name": "p", "type": "module", "dependencies": {"@instantdb/core": "1.0.67"}}'
        )
        (folder / "node_modules").symlink_to(CLI_FOLDER / "node_modules")
        return cls(folder, http_url, app)

    def write_schema(self, body: str) -> None:
        """Write the schema file: what stands inside `i.schema({…})`."""
        text = 'import { i } from "@instantdb/core";\n'
        text += f"const _schema = i.schema({{{body}}});\nexport default _schema;\n"
        (self.folder / SCHEMA_FILE).write_text(text)

    def schema_text(self) -> str:
        """The schema file as it stands."""
        return (self.folder / SCHEMA_FILE).read_text()

    def run(self, *words: str) -> str:
        """What a command prints; it must succeed."""
        done = self.attempt(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        settings = {
            "INSTANT_CLI_API_URI": self.http_url,
            "INSTANT_APP_ID": self.app.id,
            "INSTANT_APP_ADMIN_TOKEN": self.app.admin_token,
            "CI": "true",
        }
        return subprocess.run(
            ["node", str(CLI_FOLDER / "node_modules/instant-cli/bin/index.js"), *words],
            cwd=self.folder,
            env=node_environment() | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
