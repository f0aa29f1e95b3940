"""Secrets at rest open with the server's key, in their own row, and nowhere else."""

from __future__ import annotations

import pytest

from auth_app.sealing import Sealer

SEALER = Sealer("k" * 40)


def test_secret_comes_back() -> None:
    sealed = SEALER.seal("päss", "row-1")
    assert "päss" not in sealed
    assert SEALER.open(sealed, "row-1") == "päss"


def test_same_secret_is_sealed_differently_each_time() -> None:
    assert SEALER.seal("s", "row-1") != SEALER.seal("s", "row-1")


@pytest.mark.parametrize(
    ("sealer", "row", "change"),
    [
        pytest.param(SEALER, "row-2", lambda sealed: sealed, id="another row"),
        pytest.param(Sealer("x" * 40), "row-1", lambda sealed: sealed, id="another key"),
        pytest.param(SEALER, "row-1", lambda sealed: sealed[:-8] + "AAAAAAA=", id="damaged"),
        pytest.param(SEALER, "row-1", lambda sealed: "v1.%%%", id="no base64"),
        pytest.param(SEALER, "row-1", lambda sealed: sealed[3:], id="no version"),
        pytest.param(SEALER, "row-1", lambda sealed: "v1.", id="empty"),
    ],
)
def test_secret_does_not_open(sealer: Sealer, row: str, change: object) -> None:
    assert callable(change)
    assert sealer.open(change(SEALER.seal("s", "row-1")), row) is None
