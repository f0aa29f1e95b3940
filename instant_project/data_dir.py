"""The data directory, `.instant/`: one server at a time, and the secrets it made for itself."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SECRET_KEY_BYTES: Final = 48


class DataDirInUse(Exception):
    """Another server works with this directory."""


class DataDirUnusable(Exception):
    """The directory cannot be made, or is not this user's."""


def prepare_data_dir(path: Path) -> None:
    """Make the directory. Others cannot list it; as root, others can pass through it.

    As root the database runs as another user (see `embedded`), who must reach its own folder.
    Raises `DataDirUnusable`.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        reason = "It is a file" if path.is_file() else error.strerror
        raise DataDirUnusable(
            f"The data directory {path} cannot be used: {reason}.\n"
            "Choose another one: INSTANT_DATA_DIR=/path/to/a/folder bin/serve"
        ) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the directory, for as long as this process lives; raises `DataDirInUse`."""
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            raise DataDirInUse(
                f"Another server (process {holder or 'unknown'}) already uses {path}.\n"
                "Stop it first, or give this one a directory of its own: "
                "INSTANT_DATA_DIR=.instant-2 PORT=8889 bin/serve"
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def secret_key(path: Path) -> str:
    """The key that signs sessions: made once, readable by the owner only."""
    file = path / "secret-key"
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        prepare_data_dir(path)
    key = secrets.token_urlsafe(SECRET_KEY_BYTES)
    draft = path / f"secret-key.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="ascii") as writer:
        writer.write(key + "\n")
    try:
        os.link(draft, file)  # whoever is first decides; a link never replaces
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_text(encoding="ascii").strip()
