"""A snapshot shows a transaction, or not yet."""

from __future__ import annotations

import pytest

from realtime.visibility import Snapshot, parse_snapshot, sees

EPOCH = 2**32


@pytest.mark.parametrize(
    ("text", "snapshot"),
    [
        pytest.param("10:10:", Snapshot(10, 10, frozenset()), id="nothing runs"),
        pytest.param("10:20:10,14", Snapshot(10, 20, frozenset({10, 14})), id="two run"),
        pytest.param(
            f"{EPOCH}:{EPOCH + 9}:{EPOCH}",
            Snapshot(EPOCH, EPOCH + 9, frozenset({EPOCH})),
            id="64-bit numbers",
        ),
    ],
)
def test_snapshot_text_is_read(text: str, snapshot: Snapshot) -> None:
    assert parse_snapshot(text) == snapshot


@pytest.mark.parametrize("text", ["", "10:20", "10:20:x", "a:b:"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_snapshot(text)


@pytest.mark.parametrize(
    ("snapshot", "xid32", "visible"),
    [
        pytest.param("10:20:10,14", 9, True, id="ended before all that run"),
        pytest.param("10:20:10,14", 10, False, id="oldest that runs"),
        pytest.param("10:20:10,14", 12, True, id="ended between those that run"),
        pytest.param("10:20:10,14", 14, False, id="runs"),
        pytest.param("10:20:10,14", 19, True, id="newest that ended"),
        pytest.param("10:20:10,14", 20, False, id="not begun"),
        pytest.param("10:20:10,14", 21, False, id="later"),
        pytest.param(f"{EPOCH + 5}:{EPOCH + 9}:{EPOCH + 5}", 4, True, id="epoch 1, ended"),
        pytest.param(f"{EPOCH + 5}:{EPOCH + 9}:{EPOCH + 5}", 5, False, id="epoch 1, runs"),
        pytest.param(f"{EPOCH + 5}:{EPOCH + 9}:{EPOCH + 5}", 9, False, id="epoch 1, not begun"),
        pytest.param(f"{EPOCH + 5}:{EPOCH + 9}:", EPOCH - 3, True, id="of the epoch before"),
        pytest.param(f"{EPOCH - 9}:{EPOCH - 5}:", 3, False, id="of the epoch to come"),
        pytest.param(f"{EPOCH - 9}:{EPOCH + 5}:{EPOCH - 9}", EPOCH - 9, False, id="runs across"),
        pytest.param(f"{EPOCH - 9}:{EPOCH + 5}:{EPOCH - 9}", 3, True, id="ended across"),
    ],
)
def test_committed_transaction_is_visible(snapshot: str, xid32: int, visible: bool) -> None:
    assert sees(parse_snapshot(snapshot), xid32) is visible
