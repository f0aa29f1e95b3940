"""Under which account PostgreSQL runs, and which folders that account can reach.

PostgreSQL refuses to run as root. Started as root, the server therefore runs it as `postgres` or,
where a machine has no such account, as `nobody`; started by anybody else, as that user.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CANDIDATES: Final = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system whom this process can become."""

    name: str
    uid: int
    gid: int


class NoAccount(Exception):
    """Nobody is there to run PostgreSQL; the message says what to do."""


def account_for(data: Path) -> Account | None:
    """Who runs PostgreSQL on this data; None means this process's own user."""
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise NoAccount(
                f"{data} belongs to another user (number {owner}). Run as root or as that user, "
                "or choose another directory with INSTANT_DATA_DIR."
            )
        return None
    if owner:
        return _account(pwd.getpwuid(owner))
    for name in _CANDIDATES:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise NoAccount(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor "
        "`nobody`. Run as an ordinary user, or set INSTANT_DATABASE_URL."
    )


def process_options(account: Account | None) -> dict[str, Any]:
    """What `subprocess` needs to start a program as this account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def give_to(account: Account | None, path: Path) -> None:
    """Make the account the owner of one folder."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def can_pass(account: Account | None, folder: Path) -> bool:
    """Whether the account gets through to this folder."""
    return _test(account, "-x", folder)


def can_read(account: Account | None, file: Path) -> bool:
    """Whether the account may read this file."""
    return _test(account, "-r", file)


def _test(account: Account | None, claim: str, path: Path) -> bool:
    """Ask the system, as that account: permissions of all parents count, and access lists too."""
    command = ["/bin/sh", "-c", f'[ {claim} "$1" ]', "sh", str(path)]
    return subprocess.run(command, cwd="/", check=False, **process_options(account)).returncode == 0


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
