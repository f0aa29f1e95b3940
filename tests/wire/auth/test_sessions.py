"""Guests, tokens and signing out (http-api.md §4.3, §1.9, §1.15)."""

from __future__ import annotations

import pytest

from tests.wire.auth.api import Api
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


async def set_status(conn: Connection, app_id: str, status: str) -> None:
    await conn.execute("update apps set status = %s where id = %s::uuid", (status, app_id))


async def sign_out(api: Api, token: str) -> None:
    body = {"app_id": api.app_id, "refresh_token": token}
    answer = await api.post("/runtime/signout", body)
    assert (answer.status, answer.body) == (200, {})


async def test_token_is_answered_with_its_user(api: Api) -> None:
    guest = await api.sign_in_guest()
    answer = await api.runtime("verify_refresh_token", refresh_token=guest["refresh_token"])
    assert answer.body == {"user": guest}


async def test_unknown_token_is_refused_and_not_repeated(api: Api) -> None:
    token = new_id()
    answer = await api.runtime("verify_refresh_token", refresh_token=token)
    assert answer.error == (400, "record-not-found")
    assert answer.body["hint"] == {"record-type": "app-user"}
    assert token not in str(answer.body)


async def test_token_of_another_app_is_unknown(api: Api, conn: Connection) -> None:
    from triples import tenants

    other = await tenants.create_app(conn, "other")
    guest = await Api(other.app.id, other.admin_token).sign_in_guest()
    assert not await api.token_opens(guest["refresh_token"])


async def test_signing_out_forgets_that_token_only(api: Api, email: str) -> None:
    here, there = [(await api.sign_in(email))["user"]["refresh_token"] for _ in range(2)]
    await sign_out(api, here)
    assert (await api.token_opens(here), await api.token_opens(there)) == (False, True)
    await sign_out(api, here)


@pytest.mark.parametrize(
    ("status", "error_type"), [("read-only", "app-read-only"), ("disabled", "app-disabled")]
)
async def test_app_that_takes_no_writes_lets_users_out_but_not_in(
    api: Api, conn: Connection, email: str, status: str, error_type: str
) -> None:
    code = await api.code_for(email)
    guest = await api.sign_in_guest()
    await set_status(conn, api.app_id, status)
    refused = [
        await api.runtime("send_magic_code", email=email),
        await api.runtime("verify_magic_code", email=email, code=code),
        await api.runtime("sign_in_guest"),
        await api.admin("POST", "refresh_tokens", {"email": email}),
        await api.admin("DELETE", "users", query={"id": guest["id"]}),
    ]
    assert {answer.error for answer in refused} == {(400, error_type)}
    assert await api.token_opens(guest["refresh_token"])
    await sign_out(api, guest["refresh_token"])
    assert not await api.token_opens(guest["refresh_token"])


async def test_app_that_is_not_there_is_named(api: Api, email: str) -> None:
    nowhere = Api(new_id(), new_id())
    answer = await nowhere.runtime("send_magic_code", email=email)
    assert answer.body["hint"] == {"record-type": "app"}
    assert (await nowhere.runtime("sign_in_guest")).body["hint"] == {"record-type": "app"}
