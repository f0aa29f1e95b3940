"""The browser client's types: its JSDoc is sound, and `types/` is what comes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.client.size import LIMIT_BYTES, OURS, TOOLS, gzipped_bytes
from instant_project.env import PROJECT_DIR
from instant_project.site import SDK
from tests.sdk.node import install_sdks, node_environment

LIMIT_SECONDS = 120
MEDIAN_LINES = 250


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    install_sdks(TOOLS)


def tsc(*arguments: str) -> str:
    """What the compiler complains about."""
    done = subprocess.run(
        [str(TOOLS / "node_modules" / ".bin" / "tsc"), *arguments],
        cwd=PROJECT_DIR,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return done.stdout + done.stderr


def declarations(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.d.ts"))
    }


def test_types_are_those_of_the_sources(tmp_path: Path) -> None:
    """To renew them: `tests/browser/node_modules/.bin/tsc -p clients/browser/tsconfig.types.json`.

    That the sources are sound is a part of this: the compiler checks them on the way.
    """
    assert tsc("-p", str(SDK / "tsconfig.types.json"), "--outDir", str(tmp_path)) == ""
    assert declarations(SDK / "types") == declarations(tmp_path)


def test_a_program_in_typescript_can_use_them() -> None:
    checks = "--noEmit --strict --skipLibCheck"
    modules = "--target es2022 --module es2022 --moduleResolution bundler"
    program = str(PROJECT_DIR / "tests" / "browser" / "consumer.ts")
    assert tsc(*checks.split(), *modules.split(), program) == ""


def test_the_whole_client_fits_into_20_kilobytes() -> None:
    assert gzipped_bytes(OURS) <= LIMIT_BYTES


def test_files_stay_small() -> None:
    sizes = sorted(
        len(path.read_text(encoding="utf-8").splitlines())
        for path in SDK.rglob("*.js")
        if "tests" not in path.parts
    )
    assert sizes[len(sizes) // 2] <= MEDIAN_LINES
    assert sizes[-1] <= 400
