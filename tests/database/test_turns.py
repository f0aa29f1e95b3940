"""How many connections one app's work may hold at once (law 10)."""

from __future__ import annotations

import asyncio

import pytest

from triples.sql import turns
from triples.sql.turns import Turns
from wire.errors import RateLimited

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("open_pool")]


async def test_turn_is_waited_for_by_the_same_app_only() -> None:
    one_at_once, went = Turns(1), list[str]()

    async def go(app_id: str) -> None:
        async with one_at_once.connection(app_id):
            went.append(app_id)

    async with one_at_once.connection("busy"):
        waiting = asyncio.create_task(go("busy"))
        await go("quiet")
        assert went == ["quiet"]
    await waiting
    assert went == ["quiet", "busy"]


async def test_turn_is_given_back_by_work_that_fails() -> None:
    one_at_once = Turns(1)
    for _ in range(2):
        with pytest.raises(LookupError):
            async with one_at_once.connection("app"):
                raise LookupError


async def test_turn_that_does_not_come_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    one_at_once = Turns(1)
    async with one_at_once.connection("app"):
        with pytest.raises(RateLimited):
            async with one_at_once.connection("app"):
                raise AssertionError("it was somebody else's turn")


async def test_apps_without_work_are_forgotten() -> None:
    forgetting = Turns(1)
    async with forgetting.connection("app"):
        assert len(forgetting._slots) == 1
    assert len(forgetting._slots) == 0
