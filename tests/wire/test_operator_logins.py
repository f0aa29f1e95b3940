"""Passwords of operators can be guessed at only slowly, and nobody locks an operator out."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

import pytest

from instant_project import operator_login
from tests.database.stored import pass_time
from tests.wire.operator_site import Operator, browser_at, sign_in
from triples.buckets import Limit
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

REFUSED = re.compile(r"Too many sign-ins have failed (.*?)\. Try again in (.*?)\.")
WRONG = "Please enter the correct"
IN = "in"
SLOWER = 100
ADDRESS_STOPPED = "from your address: 150 minutes"
NAME_STOPPED = "under this name: 30 minutes"


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes free during a test, however slow the machine is: 15 minutes are 25 hours."""
    for name in ("FROM_AN_ADDRESS", "UNDER_A_NAME"):
        limit: Limit = getattr(operator_login, name)
        slower = replace(limit, period_seconds=SLOWER * limit.period_seconds)
        monkeypatch.setattr(operator_login, name, slower)


@pytest.fixture
def address() -> str:
    """An address nobody else has."""
    return new_address()


def new_address() -> str:
    """Of a network of its own."""
    return f"2001:db8:{secrets.randbelow(2**16):x}:{secrets.randbelow(2**16):x}::1"


async def outcome(address: str, name: str, password: str) -> str:
    """What the site says to a sign-in: `in`, or why not and for how long."""
    async with browser_at(address=address) as browser:
        answer = await sign_in(browser, name, password)
    if answer.status_code == 302:
        return IN
    refused = REFUSED.search(answer.text)
    if refused is None:
        assert WRONG in answer.text
        return WRONG
    return f"{refused[1]}: {refused[2]}"


async def guess(address: str, name: str, times: int) -> list[str]:
    return [await outcome(address, name, "not it") for _ in range(times)]


async def test_ten_failures_from_an_address_stop_it_for_a_while(
    operator: Operator, address: str, conn: Connection
) -> None:
    assert await guess(address, operator.name, 10) == [WRONG] * 10
    assert await guess(address, operator.name, 2) == [ADDRESS_STOPPED] * 2
    assert await outcome(address, operator.name, operator.password) == ADDRESS_STOPPED
    await pass_time(conn, 90 * SLOWER)
    assert await outcome(address, operator.name, operator.password) == IN


async def test_address_is_stopped_under_whatever_names_it_tries(
    operator: Operator, address: str
) -> None:
    outcomes = [await outcome(address, new_id(), "not it") for _ in range(11)]
    assert outcomes == [WRONG] * 10 + [ADDRESS_STOPPED]


async def test_addresses_of_one_network_count_as_one(operator: Operator, address: str) -> None:
    await guess(address, operator.name, 10)
    neighbour = address.removesuffix("1") + "2"
    assert await outcome(neighbour, operator.name, "not it") == ADDRESS_STOPPED


async def test_stranger_does_not_lock_an_operator_out(operator: Operator, address: str) -> None:
    await guess(new_address(), operator.name, 30)
    assert await outcome(address, operator.name, operator.password) == IN


async def test_many_addresses_together_get_no_further_than_the_limit_of_the_name(
    operator: Operator, address: str, conn: Connection
) -> None:
    for _ in range(5):
        assert await guess(new_address(), operator.name, 10) == [WRONG] * 10
    assert await outcome(address, operator.name, operator.password) == NAME_STOPPED
    other = Operator(new_id())
    await other.create()
    assert await outcome(address, other.name, other.password) == IN
    await pass_time(conn, 18 * SLOWER)
    assert await outcome(address, operator.name, operator.password) == IN


async def test_sign_ins_that_succeed_are_not_counted(operator: Operator, address: str) -> None:
    assert await guess(address, operator.name, 9) == [WRONG] * 9
    for _ in range(12):
        assert await outcome(address, operator.name, operator.password) == IN
    assert await guess(address, operator.name, 1) == [WRONG]


async def test_field_that_was_left_empty_is_no_try(operator: Operator, address: str) -> None:
    async with browser_at(address=address) as browser:
        for name, password in [("", "x"), (operator.name, "")] * 10:
            assert "This field is required" in (await sign_in(browser, name, password)).text
    assert await outcome(address, operator.name, operator.password) == IN
