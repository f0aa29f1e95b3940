"""How large a client is to a browser: bundled and minified by esbuild, then gzipped."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path
from typing import Final

from instant_project.env import PROJECT_DIR
from tests.sdk.node import HERE as SDK_FOLDER
from tests.sdk.node import install_sdks, node_environment

TOOLS: Final = PROJECT_DIR / "tests" / "browser"
OURS: Final = PROJECT_DIR / "clients" / "browser" / "instant.js"
PUBLISHED: Final = SDK_FOLDER / "node_modules" / "@instantdb" / "core"
LIMIT_BYTES: Final = 20_000
BUILD_SECONDS: Final = 60


def gzipped_bytes(entry: Path) -> int:
    """The size of everything that a module imports, as a browser would get it."""
    install_sdks(TOOLS)
    done = subprocess.run(
        [
            str(TOOLS / "node_modules" / ".bin" / "esbuild"),
            str(entry),
            "--bundle",
            "--minify",
            "--format=esm",
            "--target=es2022",
            "--log-level=error",
        ],
        cwd=TOOLS,
        env=node_environment(),
        capture_output=True,
        timeout=BUILD_SECONDS,
        check=True,
    )
    return len(gzip.compress(done.stdout, compresslevel=9, mtime=0))


def published_bytes() -> int:
    """The size of the published core, measured the same way."""
    install_sdks()
    return gzipped_bytes(PUBLISHED / "dist" / "esm" / "index.js")
