"""Programs that some tests need and no wheel brings; Debian's packages of them.

`bin/test` installs what is missing where it may. Where it may not, tests that need a program are
left out, and it says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

POSTGRES_15: Final = Path("/usr/lib/postgresql/15/bin")
INSTALL_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package, the program of it that is run, and the tests that run it."""

    name: str
    program: str
    tests: str

    @property
    def path(self) -> str | None:
        """Where the program is; None where it is not installed."""
        return shutil.which(self.program)


PACKAGES: Final = (
    Package("postgresql-15", str(POSTGRES_15 / "postgres"), "the second pass, on PostgreSQL 15"),
    Package("redis-server", "redis-server", "tests of several server processes"),
    Package("chromium", "chromium", "tests in a browser"),
)


def program(name: str) -> str | None:
    """The path of one of the programs by its package's name."""
    return next(package.path for package in PACKAGES if package.name == name)


def install_missing() -> Iterator[str]:
    """Install what is missing, where that is possible; yields what there is to say about it."""
    missing = [package for package in PACKAGES if package.path is None]
    if not missing:
        return
    if _may_install():
        yield f"Installing {', '.join(package.name for package in missing)}"
        _install([package.name for package in missing])
    for package in missing:
        if package.path is None:
            yield f"Left out: {package.tests} (install the package {package.name} to run them)"


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(names: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *names],
    ):
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout[-2000:], flush=True)
            return
