"""Sign-ins that are taken back while a session is open (realtime.md §11.6)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.realtime.peer import Peer
from tests.sdk.admin import call, make_user
from tests.sdk.apps import App
from tests.served import ServedDatabase

OWN_ROW: dict[str, Any] = {"$users": {}}


@pytest.fixture
def user(server: ServedDatabase, app: App) -> Any:
    return make_user(server, app, "ann@example.com")


@pytest.fixture
def session(dial: Callable[[], Peer], app: App, user: Any) -> Peer:
    """A session of the user, which watches the user's own row."""
    peer = dial()
    assert peer.init(app.id, refresh_token=user["refresh_token"])["op"] == "init-ok"
    answer = peer.hear("add-query-ok", peer.say("add-query", q=OWN_ROW))
    assert user["id"] in str(answer["result"])
    return peer


def sign_out(server: ServedDatabase, app: App, user: Any) -> None:
    body = {"app_id": app.id, "refresh_token": user["refresh_token"]}
    call(server, app, "POST", "runtime/signout", body)


def sign_out_everywhere(server: ServedDatabase, app: App, user: Any) -> None:
    call(server, app, "POST", "admin/sign_out", {"email": "ann@example.com"})


def delete_user(server: ServedDatabase, app: App, user: Any) -> None:
    call(server, app, "DELETE", "admin/users", id=user["id"])


def delete_user_with_sql(server: ServedDatabase, app: App, user: Any) -> None:
    with psycopg.connect(server.database_url) as conn:
        conn.execute("delete from triples where entity_id = %s::uuid", (user["id"],))


@pytest.mark.parametrize(
    "revoke", [sign_out, sign_out_everywhere, delete_user, delete_user_with_sql]
)
def test_session_becomes_a_guest_without_user_and_is_told(
    server: ServedDatabase,
    app: App,
    user: Any,
    session: Peer,
    revoke: Callable[[ServedDatabase, App, Any], None],
) -> None:
    revoke(server, app, user)
    told = session.hear("error")
    assert (told["type"], told["hint"]) == ("record-not-found", {"record-type": "app-user"})
    assert told["original-event"] == {"op": "init"}
    refreshed = session.hear("refresh-ok")
    [computation] = refreshed["computations"]
    assert user["id"] not in str(computation["instaql-result"])
    again = session.hear("add-query-ok", session.say("add-query", q={"$users": {"$": {}}}))
    assert user["id"] not in str(again["result"])


def test_session_speaks_in_rooms_as_nobody(
    server: ServedDatabase, app: App, user: Any, session: Peer, join: Callable[[], Peer]
) -> None:
    bob = join()
    for peer in (session, bob):
        assert peer.ask("join-room", room_type="chat", room_id="r")["op"] == "join-room-ok"
    session.ask("client-broadcast", room_type="chat", room_id="r", topic="t", data=1)
    assert bob.hear("server-broadcast")["data"]["user"] == {"id": user["id"]}
    sign_out(server, app, user)
    session.hear("error")
    session.ask("client-broadcast", room_type="chat", room_id="r", topic="t", data=2)
    assert bob.hear("server-broadcast")["data"]["user"] is None


def test_other_sessions_stay_signed_in(
    server: ServedDatabase, app: App, user: Any, session: Peer
) -> None:
    other = make_user(server, app, "ann@example.com")
    assert other["id"] == user["id"]
    sign_out(server, app, other)
    answer = session.hear("add-query-ok", session.say("add-query", q={"$users": {"$": {}}}))
    assert user["id"] in str(answer["result"])
    assert [message for message in session.messages if message["op"] == "error"] == []


def test_token_that_was_taken_back_opens_no_session(
    server: ServedDatabase, dial: Callable[[], Peer], app: App, user: Any
) -> None:
    sign_out(server, app, user)
    refused = dial().init(app.id, refresh_token=user["refresh_token"])
    assert refused["hint"] == {"record-type": "app-user"}


def test_token_that_is_taken_back_during_init_leaves_nobody_signed_in(
    server: ServedDatabase, dial: Callable[[], Peer], app: App
) -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        for turn in range(20):
            user = make_user(server, app, f"user{turn}@example.com")
            peer = dial()
            leaving = elsewhere.submit(sign_out, server, app, user)
            peer.say("init", app_id=app.id, refresh_token=user["refresh_token"])
            leaving.result()
            told = peer.hear("error")
            assert told["hint"] == {"record-type": "app-user"}
