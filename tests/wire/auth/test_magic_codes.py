"""Signing in with a code (http-api.md §4.3)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from psycopg.types.json import Jsonb

from tests.wire.auth.api import Api
from triples.sql.pool import Connection
from wire.ids import hash_uuid_secret, new_id, parse_uuid

pytestmark = pytest.mark.asyncio


async def verify(api: Api, email: str, code: str, **fields: Any) -> Any:
    return await api.runtime("verify_magic_code", email=email, code=code, **fields)


async def make_codes_older(conn: Connection, app_id: str, minutes: int) -> None:
    await conn.execute(
        "update triples set created_at = created_at - %s where app_id = %s::uuid",
        (minutes * 60_000, app_id),
    )


async def stored(conn: Connection, app_id: str, label: str) -> list[Any]:
    """Every value of a built-in attr, as stored."""
    cursor = await conn.execute(
        "select value from triples join attrs on attrs.id = attr_id"
        " where triples.app_id = %s::uuid and etype || '.' || label = %s",
        (app_id, label),
    )
    return [row[0] for row in await cursor.fetchall()]


async def set_rules(conn: Connection, app_id: str, code: Any) -> None:
    await conn.execute(
        "insert into rules (app_id, code) values (%s::uuid, %s)", (app_id, Jsonb(code))
    )


async def test_code_from_the_mail_signs_in(api: Api, email: str) -> None:
    assert (await api.runtime("send_magic_code", email=" Ann@Example.COM ")).body == {"sent": True}
    [sent] = mail.outbox
    code = re.match(r"(\d{6}) is your verification code for Books & Co\Z", str(sent.subject))
    assert code is not None
    assert sent.to == [email]
    assert sent.from_email == "Books & Co <verify@example.com>"
    assert code[1] in sent.body
    assert "Books &amp; Co" in str(sent.message())

    answer = await verify(api, email, f" {code[1]} ")

    assert answer.status == 200
    assert answer.body["created"] is True
    user = answer.body["user"]
    assert parse_uuid(user.pop("id"))
    assert parse_uuid(user.pop("refresh_token"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", user.pop("created_at"))
    assert user == {
        "app_id": api.app_id,
        "email": email,
        "type": "user",
        "isGuest": False,
        "linkedPrimaryUser": None,
    }


async def test_second_sign_in_is_the_same_user_with_a_token_more(api: Api, email: str) -> None:
    first, second = await api.sign_in(email), await api.sign_in(email)
    assert (first["created"], second["created"]) == (True, False)
    assert first["user"]["id"] == second["user"]["id"]
    assert first["user"]["refresh_token"] != second["user"]["refresh_token"]
    assert await api.token_opens(first["user"]["refresh_token"])


async def test_only_hashes_are_stored(api: Api, conn: Connection, email: str) -> None:
    signed_in = await api.sign_in(email)
    code = await api.code_for(email)
    token = signed_in["user"]["refresh_token"]
    assert await stored(conn, api.app_id, "$userRefreshTokens.hashedToken") == [
        hash_uuid_secret(token)
    ]
    cursor = await conn.execute(
        "select count(*) from triples where app_id = %s::uuid and value::text ~ %s",
        (api.app_id, f"{code}|{token}"),
    )
    assert await cursor.fetchone() == (0,)


async def test_code_works_once(api: Api, email: str) -> None:
    code = await api.code_for(email)
    assert (await verify(api, email, code)).status == 200
    assert (await verify(api, email, code)).body == {
        "type": "record-not-found",
        "message": "Record not found: app-user-magic-code",
        "hint": {"record-type": "app-user-magic-code"},
    }


@pytest.mark.parametrize(
    ("whose", "change"),
    [
        pytest.param("ann@example.com", lambda code: f"{(int(code) + 1) % 10**6:06}", id="wrong"),
        pytest.param("bob@example.com", lambda code: code, id="somebody else's"),
    ],
)
async def test_wrong_code_makes_nobody_and_leaves_the_right_one(
    api: Api, email: str, whose: str, change: Any
) -> None:
    code = await api.code_for(email)
    assert (await verify(api, whose, change(code))).error == (400, "record-not-found")
    assert await api.user(email=whose) is None
    assert (await verify(api, email, code)).status == 200


async def test_several_codes_are_good_at_once_but_not_many(api: Api, email: str) -> None:
    codes = [await api.code_for(email) for _ in range(7)]
    assert (await verify(api, email, codes[0])).status == 400
    assert (await verify(api, email, codes[2])).status == 200
    assert (await verify(api, email, codes[6])).status == 200


async def test_expired_code_is_named_and_gone(api: Api, conn: Connection, email: str) -> None:
    code = await api.code_for(email)
    await make_codes_older(conn, api.app_id, 1441)
    expired = await verify(api, email, code)
    assert (expired.status, expired.body["message"]) == (
        400,
        "Record expired: app-user-magic-code",
    )
    assert await api.user(email=email) is None
    assert (await verify(api, email, code)).error == (400, "record-not-found")


async def test_app_may_let_codes_expire_sooner(api: Api, conn: Connection, email: str) -> None:
    await conn.execute("insert into app_sign_in_settings values (%s::uuid, 10)", (api.app_id,))
    code = await api.code_for(email)
    await make_codes_older(conn, api.app_id, 11)
    assert (await verify(api, email, code)).error == (400, "record-expired")
    await api.runtime("send_magic_code", email=email)
    assert "10 minutes" in mail.outbox[-1].body


async def test_guest_who_signs_in_keeps_its_id(api: Api, email: str) -> None:
    guest = await api.sign_in_guest()
    assert (guest["type"], guest["isGuest"], guest["email"]) == ("guest", True, None)
    signed_in = await api.sign_in(email, refresh_token=guest["refresh_token"])
    assert signed_in["created"] is True
    assert signed_in["user"]["id"] == guest["id"]
    assert (signed_in["user"]["type"], signed_in["user"]["isGuest"]) == ("user", False)
    assert await api.token_opens(guest["refresh_token"])


async def test_guest_who_turns_out_to_be_a_user_is_linked_to_it(api: Api, email: str) -> None:
    user = (await api.sign_in(email))["user"]
    guest = await api.sign_in_guest()
    signed_in = await api.sign_in(email, refresh_token=guest["refresh_token"])
    assert signed_in["created"] is False
    assert signed_in["user"]["id"] == user["id"]
    assert (await api.user(id=guest["id"]))["linkedPrimaryUser"] == user["id"]


async def test_token_of_a_full_user_is_ignored(api: Api, email: str) -> None:
    bob = (await api.sign_in("bob@example.com"))["user"]
    ann = await api.sign_in(email, refresh_token=bob["refresh_token"])
    assert ann["user"]["id"] != bob["id"]
    assert (await api.user(id=bob["id"]))["linkedPrimaryUser"] is None


async def test_unknown_guest_token_is_refused_and_the_code_stays(api: Api, email: str) -> None:
    code = await api.code_for(email)
    answer = await verify(api, email, code, refresh_token=new_id())
    assert answer.body["hint"] == {"record-type": "app-user"}
    assert (await verify(api, email, code)).status == 200


async def test_extra_fields_need_a_rule(
    api: Api, conn: Connection, email: str, nickname: str
) -> None:
    code = await api.code_for(email)
    denied = await verify(api, email, code, extra_fields={nickname: "al"})
    assert denied.body == {
        "type": "permission-denied",
        "message": "Permission denied: not perms-pass?",
        "hint": {"input": ["$users", "create"], "expected": "perms-pass?"},
    }
    await set_rules(conn, api.app_id, {"$users": {"allow": {"create": "true"}}})
    signed_in = await verify(api, email, code, extra_fields={nickname: "al"})
    assert signed_in.body["user"]["nickname"] == "al"
    again = await api.sign_in(email, extra_fields={nickname: "other"})
    assert again["user"]["nickname"] == "al"


async def test_rule_that_says_no_stops_newcomers_only(
    api: Api, conn: Connection, email: str
) -> None:
    known = await api.sign_in("bob@example.com")
    await set_rules(conn, api.app_id, {"$users": {"allow": {"create": "false"}}})
    code = await api.code_for(email)
    assert (await verify(api, email, code)).error == (400, "permission-denied")
    assert (await api.runtime("sign_in_guest")).error == (400, "permission-denied")
    assert (await api.sign_in("bob@example.com"))["user"]["id"] == known["user"]["id"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        pytest.param(
            {"colour": "red"},
            "Unknown field: colour. It must be defined in your $users schema.",
            id="no such field",
        ),
        pytest.param({"email": "b@c.de"}, "Cannot set system field: email", id="built in"),
        pytest.param(
            {"linkedGuestUsers": []}, "Cannot set system field: linkedGuestUsers", id="a link"
        ),
    ],
)
async def test_extra_field_that_is_none_is_named(
    api: Api, email: str, extra: Any, message: str
) -> None:
    code = await api.code_for(email)
    answer = await verify(api, email, code, extra_fields=extra)
    assert answer.error == (400, "validation-failed")
    assert answer.body["hint"]["data-type"] == "extra-fields"
    assert answer.body["message"] == f"Validation failed for extra-fields: {message}"
    assert (await verify(api, email, code)).status == 200


async def test_mail_that_cannot_be_sent_is_an_error_of_the_server(
    api: Api, email: str, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = await api.runtime("send_magic_code", email=email)
    assert answer.error == (500, "email-send-failed")


@pytest.mark.parametrize(
    ("rule", "error_type"),
    [
        pytest.param("data.email.endsWith('@example.com')", None, id="data"),
        pytest.param("newData.email == auth.email && auth.id == data.id", None, id="newData, auth"),
        pytest.param("request.ip.startsWith('10.')", None, id="address"),
        pytest.param("data.email.endsWith('@acme.dev')", "permission-denied", id="no"),
        pytest.param("data.ref('linkedPrimaryUser.id') == []", None, id="ref"),
        pytest.param("data.email + 1", "permission-evaluation-failed", id="undecidable"),
    ],
)
async def test_rule_decides_who_may_sign_up(
    api: Api, conn: Connection, email: str, rule: str, error_type: str | None
) -> None:
    code = await api.code_for(email)
    await set_rules(conn, api.app_id, {"$users": {"allow": {"create": rule}}})
    answer = await verify(api, email, code)
    if error_type is None:
        assert answer.status == 200, answer
    else:
        assert answer.error == (400, error_type)
        assert await api.user(email=email) is None
        await conn.execute("delete from rules where app_id = %s::uuid", (api.app_id,))
        assert (await verify(api, email, code)).status == 200
