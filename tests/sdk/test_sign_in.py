"""The published `@instantdb/core` signs users in, up, over and out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.sdk.admin import call, make_user
from tests.sdk.apps import App
from tests.sdk.chunks import link, update
from tests.sdk.core_clients import CoreClient, CoreProcess
from tests.sdk.core_driver import SdkError
from tests.sdk.outbox import Outbox
from tests.served import ServedDatabase

Connect = Callable[[str], CoreClient]

EMAIL = "ann@example.com"


@pytest.fixture
def outbox(server: ServedDatabase) -> Outbox:
    return Outbox(server)


@pytest.fixture
def ann(connect: Connect) -> CoreClient:
    client = connect("ann")
    client.watch_auth()
    return client


@pytest.fixture
def email() -> str:
    """An address of this test alone: all apps of the server share its outbox."""
    return f"{uuid.uuid4().hex}@example.com"


def sign_in(client: CoreClient, outbox: Outbox, email: str, **extra: Any) -> Any:
    client.auth("sendMagicCode", {"email": email})
    code = outbox.code_for(email)
    return client.auth("signInWithMagicCode", {"email": email, "code": code, **extra})


def set_rules(server: ServedDatabase, app: App, code: str) -> None:
    with psycopg.connect(server.database_url) as conn:
        conn.execute(
            "insert into rules (app_id, code) values (%s::uuid, %s::jsonb)", (app.id, code)
        )


def test_code_from_the_mail_signs_in(ann: CoreClient, outbox: Outbox, email: str) -> None:
    answer = sign_in(ann, outbox, email)
    assert answer["created"] is True
    assert answer["user"]["email"] == email
    user = ann.wait_for_user(lambda user: user is not None, "signed in")
    assert (user["email"], user["isGuest"], user["type"]) == (email, False, "user")
    assert user["created_at"]
    ann.wait_until_connected()
    own = ann.subscribe({"$users": {}})
    own.wait_until(lambda data: [row["email"] for row in data["$users"]] == [email], "its own row")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param("000000x", "Record not found: app-user-magic-code", id="wrong"),
        pytest.param(None, "Record not found: app-user-magic-code", id="used before"),
    ],
)
def test_code_that_is_not_good_changes_nothing(
    ann: CoreClient, outbox: Outbox, email: str, code: str | None, message: str
) -> None:
    if code is None:
        sign_in(ann, outbox, email)
        ann.auth("signOut", {})
        code = outbox.code_for(email)
    with pytest.raises(SdkError, match=message) as refused:
        ann.auth("signInWithMagicCode", {"email": email, "code": code})
    assert refused.value.type == "record-not-found"
    assert ann.signed_in_user() is None


def test_expired_code_is_refused(
    server: ServedDatabase, app: App, ann: CoreClient, outbox: Outbox, email: str
) -> None:
    ann.auth("sendMagicCode", {"email": email})
    code = outbox.code_for(email)
    with psycopg.connect(server.database_url) as conn:
        conn.execute(
            "update triples set created_at = created_at - 86400001 where app_id = %s::uuid",
            (app.id,),
        )
    with pytest.raises(SdkError, match="Record expired: app-user-magic-code"):
        ann.auth("signInWithMagicCode", {"email": email, "code": code})
    assert ann.signed_in_user() is None


def test_guest_keeps_its_rows_when_it_becomes_a_user(
    ann: CoreClient, outbox: Outbox, email: str
) -> None:
    guest = ann.auth("signInAsGuest")["user"]
    assert guest["isGuest"] is True
    ann.wait_until_connected()
    todo = str(uuid.uuid4())
    ann.transact(
        update("todos", todo, {"text": "milk"}), link("todos", todo, {"owner": guest["id"]})
    )

    user = sign_in(ann, outbox, email)["user"]

    assert (user["id"], user["isGuest"]) == (guest["id"], False)
    ann.wait_until_connected()
    mine = ann.subscribe({"todos": {"$": {"where": {"owner": user["id"]}}}})
    mine.wait_for({"todos": [{"id": todo, "text": "milk"}]})


def test_guest_who_has_an_account_is_linked_to_it(
    server: ServedDatabase, app: App, ann: CoreClient, outbox: Outbox, email: str
) -> None:
    account = make_user(server, app, email)
    guest = ann.auth("signInAsGuest")["user"]
    signed_in = sign_in(ann, outbox, email)
    assert (signed_in["created"], signed_in["user"]["id"]) == (False, account["id"])
    ann.wait_until_connected()
    rows = ann.subscribe({"$users": {"linkedGuestUsers": {}}})
    rows.wait_until(
        lambda data: any(
            [linked["id"] for linked in row["linkedGuestUsers"]] == [guest["id"]]
            for row in data["$users"]
        ),
        "the guest as one of the user's",
    )


def test_extra_fields_are_the_new_users(
    server: ServedDatabase, app: App, ann: CoreClient, outbox: Outbox, email: str
) -> None:
    schema = {"$users": {"nickname": {"valueType": "string", "config": {}}}}
    entities = {etype: {"attrs": attrs} for etype, attrs in schema.items()}
    body = {"schema": {"entities": entities, "links": {}, "rooms": {}}}
    call(server, app, "POST", f"dash/apps/{app.id}/schema/push/apply", body)
    with pytest.raises(SdkError, match="Permission denied"):
        sign_in(ann, outbox, email, extraFields={"nickname": "al"})
    set_rules(server, app, '{"$users": {"allow": {"create": "newData.nickname != \'root\'"}}}')
    with pytest.raises(SdkError, match="Permission denied"):
        sign_in(ann, outbox, email, extraFields={"nickname": "root"})
    user = sign_in(ann, outbox, email, extraFields={"nickname": "al"})["user"]
    assert user["nickname"] == "al"


def test_token_of_an_admin_signs_in(server: ServedDatabase, app: App, ann: CoreClient) -> None:
    user = make_user(server, app, EMAIL)
    assert ann.auth("signInWithToken", user["refresh_token"])["user"]["id"] == user["id"]
    ann.wait_for_user(lambda shown: shown is not None, "signed in")
    with pytest.raises(SdkError, match="Record not found: app-user"):
        ann.auth("signInWithToken", str(uuid.uuid4()))


def test_signing_out_reaches_the_session_of_another_tab(
    server: ServedDatabase, app: App, core: CoreProcess, ann: CoreClient
) -> None:
    token = make_user(server, app, EMAIL)["refresh_token"]
    other = core.connect(app.id, "other")
    other.watch_auth()
    for client in (ann, other):
        client.auth("signInWithToken", token)
        client.wait_for_user(lambda user: user is not None, "signed in")
        client.wait_until_connected()
    own = other.subscribe({"$users": {}})
    own.wait_until(lambda data: len(data["$users"]) == 1, "its own row")

    ann.auth("signOut", {})

    other.wait_for_user(lambda user: user is None, "signed out")
    own.wait_for({"$users": []})
    assert other.signed_in_user() is None


def test_deleted_user_is_signed_out(server: ServedDatabase, app: App, ann: CoreClient) -> None:
    user = make_user(server, app, EMAIL)
    ann.auth("signInWithToken", user["refresh_token"])
    ann.wait_for_user(lambda shown: shown is not None, "signed in")
    ann.wait_until_connected()
    call(server, app, "DELETE", "admin/users", id=user["id"])
    ann.wait_for_user(lambda shown: shown is None, "signed out")


def test_new_user_shows_in_live_queries(
    server: ServedDatabase, app: App, core: CoreProcess, ann: CoreClient
) -> None:
    admin = core.connect(app.id, "admin", admin_token=app.admin_token)
    users = admin.subscribe({"$users": {}})
    users.wait_for({"$users": []})
    guest = ann.auth("signInAsGuest")["user"]
    users.wait_until(lambda data: [row["id"] for row in data["$users"]] == [guest["id"]], "a guest")
