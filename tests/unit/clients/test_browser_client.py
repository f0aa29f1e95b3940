"""The browser client's own tests, which Node runs: no browser, no server, no network."""

from __future__ import annotations

import subprocess

from instant_project.env import PROJECT_DIR
from tests.sdk.node import node_environment, program

CLIENT = PROJECT_DIR / "clients" / "browser"
LIMIT_SECONDS = 120
LEAST_TESTS = 200


def test_node_finds_no_fault() -> None:
    command = [program("node"), "--test", "--test-reporter=tap", "clients/browser/tests/"]
    done = subprocess.run(
        command,
        cwd=PROJECT_DIR,
        env=node_environment() | {"TZ": "America/New_York"},  # no date may depend on the zone
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("not ok")]
    assert done.returncode == 0, "\n".join([*failed, done.stderr, done.stdout[-4000:]])
    assert passed(done.stdout) >= LEAST_TESTS


def passed(tap: str) -> int:
    (line,) = [line for line in tap.splitlines() if line.startswith("# pass ")]
    return int(line.removeprefix("# pass "))


def test_modules_import_only_each_other() -> None:
    for module in CLIENT.rglob("*.js"):
        for line in module.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import ", "export * ", "} from ")):
                assert "'." in line, f"{module}: {line}"
