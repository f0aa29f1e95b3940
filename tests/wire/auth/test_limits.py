"""How often sign-in may be tried (http-api.md §1.11)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from auth_app.http.runtime import send_magic_code, sign_in_as_guest, verify_magic_code
from instant_project.urls import sign_in
from tests.database.stored import pass_time
from tests.wire.auth.api import Api
from triples.sql.pool import Connection

pytestmark = pytest.mark.asyncio


async def guess(api: Api, email: str, code: str) -> Any:
    return await api.runtime("verify_magic_code", email=email, code=code)


def elsewhere(api: Api) -> Api:
    """The same app from another address."""
    return Api(api.app_id, api.admin_token)


async def test_thousand_wrong_codes_are_stopped_and_the_right_one_still_signs_in(
    api: Api, conn: Connection, email: str
) -> None:
    code = await api.code_for(email)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    answers = [await guess(api, email, wrong) for _ in range(1000)]
    assert Counter(answer.error for answer in answers) == {
        (400, "record-not-found"): 20,
        (429, "rate-limited"): 980,
    }
    assert answers[-1].body == {
        "type": "rate-limited",
        "message": "Too many verification codes requested for this email. Please try again later.",
        "hint": {},
    }
    assert (await guess(elsewhere(api), email, code)).status == 200
    code = await api.code_for(email)
    assert (await guess(api, email, code)).status == 429
    await pass_time(conn, 3600)
    assert (await guess(api, email, code)).status == 200


async def test_many_addresses_together_get_no_further_than_the_limit_of_the_email(
    api: Api, email: str
) -> None:
    guessers = [elsewhere(api) for _ in range(70)]
    answers = [await guess(guesser, email, "nocode") for guesser in guessers]
    assert Counter(answer.status for answer in answers) == {400: 60, 429: 10}


async def test_one_email_gets_twenty_codes_an_hour(api: Api, email: str) -> None:
    answers = [await api.runtime("send_magic_code", email=email) for _ in range(21)]
    assert Counter(answer.status for answer in answers) == {200: 20, 429: 1}
    assert (await api.admin("POST", "send_magic_code", {"email": email})).status == 429
    assert (await api.runtime("send_magic_code", email="bob@example.com")).status == 200


@pytest.mark.parametrize("call", ["guests", "codes", "guesses"])
async def test_one_address_may_begin_so_many_sign_ins(api: Api, call: str) -> None:
    few = replace(sign_in, requests_per_hour=3)
    handlers = {"guests": sign_in_as_guest, "codes": send_magic_code, "guesses": verify_magic_code}
    view = few.view(post=handlers[call])
    answers = [await api.to_view(view, body_of(api, turn)) for turn in range(5)]
    other = await elsewhere(api).to_view(view, body_of(api, 9))
    assert [answer.status == 429 for answer in [*answers, other]] == [False] * 3 + [True] * 2 + [
        False
    ]


def body_of(api: Api, turn: int) -> dict[str, str]:
    return {"app-id": api.app_id, "email": f"user{turn}@example.com", "code": "123456"}
