"""What an app may do, set in the database, reaches every open socket (realtime.md §10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import psycopg
import pytest

from tests.realtime.peer import Peer
from tests.sdk.apps import App

SetStatus = Callable[[str], None]

ROUNDS = 20


class ServerWithDatabase(Protocol):
    """A server whose database tests may reach."""

    @property
    def database_url(self) -> str: ...


@pytest.fixture
def set_status(server: ServerWithDatabase, app: App) -> SetStatus:
    """Change the app's status as an operator does."""

    def change(status: str) -> None:
        with psycopg.connect(server.database_url) as conn:
            conn.execute("update apps set status = %s where id = %s", [status, app.id])

    return change


@pytest.mark.parametrize(
    ("status", "write", "read"),
    [
        pytest.param("active", "transact-ok", "add-query-ok", id="active"),
        pytest.param("read-only", "app-read-only", "add-query-ok", id="read-only"),
        pytest.param("disabled", "app-disabled", "app-disabled", id="disabled"),
    ],
)
def test_status_decides_what_is_refused(
    stranger: Peer, app: App, set_status: SetStatus, status: str, write: str, read: str
) -> None:
    set_status(status)
    ready = stranger.init(app.id)

    assert ready["app-status"] == {"status": status}
    assert _outcome(stranger.transact()) == write
    assert _outcome(stranger.ask("add-query", q={"todos": {}})) == read


def test_change_of_status_is_pushed_and_holds_at_once(ann: Peer, set_status: SetStatus) -> None:
    """Many times, since the log may tell of a commit before it is visible."""
    for status, write in ROUNDS * [
        ("read-only", "app-read-only"),
        ("disabled", "app-disabled"),
        ("active", "transact-ok"),
    ]:
        set_status(status)
        assert ann.hear("app-status-changed")["status"] == status
        assert _outcome(ann.transact()) == write


def test_status_of_another_app_is_not_pushed(
    ann: Peer, other_app: App, server: ServerWithDatabase, set_status: SetStatus
) -> None:
    with psycopg.connect(server.database_url) as conn:
        conn.execute("update apps set status = 'disabled' where id = %s", [other_app.id])

    set_status("read-only")

    assert ann.hear("app-status-changed")["status"] == "read-only"


def _outcome(reply: dict[str, str]) -> str:
    return reply["type"] if reply["op"] == "error" else reply["op"]
