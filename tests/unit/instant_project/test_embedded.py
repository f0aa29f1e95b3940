"""The server's own PostgreSQL runs from wherever its account can read it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from instant_project import embedded
from instant_project.postgres_account import Account


def test_programs_run_from_a_copy_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a clone that only root can enter: `initdb` needs libraries from beside its package."""
    monkeypatch.setattr(embedded, "can_read", lambda account, path: False)

    copied = embedded._reachable_binaries(tmp_path, Account("postgres", 1, 1))

    assert copied.is_relative_to(tmp_path)
    for program in ("initdb", "postgres", "pg_ctl"):
        said = subprocess.run([copied / program, "--version"], capture_output=True, check=False)
        assert said.returncode == 0, said.stderr
