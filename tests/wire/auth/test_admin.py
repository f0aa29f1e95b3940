"""Users and tokens in an admin's hands (http-api.md §3.8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.auth.api import Api
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


async def make_token(api: Api, **body: Any) -> Any:
    answer = await api.admin("POST", "refresh_tokens", body)
    assert answer.status == 200, answer
    return answer.body


async def test_token_makes_the_user_when_there_is_none(api: Api, email: str) -> None:
    first, second = await make_token(api, email=email), await make_token(api, email=email)
    assert (first["created"], second["created"]) == (True, False)
    assert first["user"]["id"] == second["user"]["id"]
    assert (first["user"]["type"], first["user"]["isGuest"]) == (None, False)
    assert await api.token_opens(first["user"]["refresh_token"])


async def test_token_by_id_makes_the_user_under_it(api: Api) -> None:
    user_id = new_id()
    made = await make_token(api, id=user_id)
    assert (made["created"], made["user"]["id"], made["user"]["email"]) == (True, user_id, None)
    assert (await make_token(api, id=user_id))["created"] is False


async def test_extra_fields_need_no_rule_for_an_admin(api: Api, email: str, nickname: str) -> None:
    made = await make_token(api, email=email, **{"extra-fields": {nickname: "al"}})
    assert made["user"]["nickname"] == "al"
    refused = await api.admin(
        "POST", "refresh_tokens", {"email": "b@c.de", "extra-fields": {"x": 1}}
    )
    assert refused.error == (400, "validation-failed")


@pytest.mark.parametrize("by", ["id", "email", "refresh_token"])
async def test_user_is_found_and_deleted_by(api: Api, email: str, by: str) -> None:
    user = (await make_token(api, email=email))["user"]
    query = {by: user[by]}
    token = user.pop("refresh_token")
    assert await api.user(**query) == user
    deleted = await api.admin("DELETE", "users", query=query)
    assert deleted.body == {"deleted": user}
    assert await api.user(**query) is None
    assert not await api.token_opens(token)
    assert (await api.admin("DELETE", "users", query=query)).body == {"deleted": None}


async def test_deleted_user_leaves_no_row(api: Api, conn: Connection, email: str) -> None:
    user = (await make_token(api, email=email))["user"]
    await api.admin("DELETE", "users", query={"id": user["id"]})
    cursor = await conn.execute(
        "select count(*) from triples where app_id = %s::uuid", (api.app_id,)
    )
    assert await cursor.fetchone() == (0,)


@pytest.mark.parametrize("by", ["id", "email"])
async def test_user_is_signed_out_everywhere(api: Api, email: str, by: str) -> None:
    users = [(await make_token(api, email=email))["user"] for _ in range(2)]
    other = (await make_token(api, email="bob@example.com"))["user"]["refresh_token"]
    answer = await api.admin("POST", "sign_out", {by: users[0][by]})
    assert answer.body == {"ok": True}
    assert [await api.token_opens(user["refresh_token"]) for user in users] == [False, False]
    assert await api.token_opens(other)


async def test_one_token_is_signed_out(api: Api, email: str) -> None:
    here, there = [(await make_token(api, email=email))["user"]["refresh_token"] for _ in "ab"]
    await api.admin("POST", "sign_out", {"refresh_token": here})
    assert (await api.token_opens(here), await api.token_opens(there)) == (False, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"email": "nobody@example.com"}, 400, id="unknown address"),
        pytest.param({"id": new_id()}, 200, id="unknown id"),
        pytest.param({"refresh_token": new_id()}, 200, id="unknown token"),
    ],
)
async def test_signing_out_nobody(api: Api, body: Any, status: int) -> None:
    assert (await api.admin("POST", "sign_out", body)).status == status


async def test_code_can_be_made_sent_and_shown(api: Api, email: str, mailoutbox: Any) -> None:
    sent = await api.admin("POST", "send_magic_code", {"email": email})
    assert sent.body["code"] in mailoutbox[0].subject
    body = {"email": email, "code": sent.body["code"]}
    answer = await api.admin("POST", "verify_magic_code", body)
    assert (answer.body["created"], answer.body["user"]["email"]) == (True, email)


async def test_guest_of_an_admin(api: Api) -> None:
    answer = await api.admin("POST", "sign_in_guest", {})
    assert answer.body["user"]["isGuest"] is True
    assert await api.token_opens(answer.body["user"]["refresh_token"])
