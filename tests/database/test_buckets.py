"""Token buckets hold what they say, whoever takes from them at the same time."""

from __future__ import annotations

import asyncio

import pytest

from tests.database.stored import pass_time
from triples.buckets import Draw, Limit, draw_tokens, give_back, sweep_buckets
from triples.management.database import connect
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

HOUR = 3600.0
EVENLY = Limit(capacity=4, amount=2, period_seconds=HOUR)
AT_ONCE = Limit(capacity=4, amount=2, period_seconds=HOUR, is_greedy=False)


async def grant(conn: Connection, draw: Draw, times: int) -> list[bool]:
    return [await draw_tokens(conn, [draw]) is None for _ in range(times)]


async def test_full_bucket_grants_its_capacity_and_no_more(conn: Connection) -> None:
    draw = Draw([new_id()], EVENLY)
    assert await grant(conn, draw, 6) == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    ("limit", "seconds", "granted"),
    [
        pytest.param(EVENLY, HOUR / 2, 1, id="evenly, half a period"),
        pytest.param(AT_ONCE, HOUR / 2, 0, id="at once, half a period"),
        pytest.param(AT_ONCE, HOUR, 2, id="at once, a period"),
        pytest.param(EVENLY, HOUR * 9, 4, id="evenly, never above capacity"),
        pytest.param(AT_ONCE, HOUR * 9, 4, id="at once, never above capacity"),
    ],
)
async def test_bucket_fills_again(
    conn: Connection, limit: Limit, seconds: float, granted: int
) -> None:
    draw = Draw([new_id()], limit)
    await grant(conn, draw, 4)
    await pass_time(conn, seconds)
    assert sum(await grant(conn, draw, 6)) == granted


async def test_taking_does_not_postpone_an_interval(conn: Connection) -> None:
    draw = Draw([new_id()], AT_ONCE)
    await grant(conn, draw, 3)
    await pass_time(conn, HOUR * 0.6)
    await grant(conn, draw, 1)
    await pass_time(conn, HOUR * 0.6)
    assert await grant(conn, draw, 3) == [True, True, False]


@pytest.mark.parametrize(
    ("limit", "tokens", "seconds"),
    [
        pytest.param(EVENLY, 1, HOUR / 2, id="evenly"),
        pytest.param(AT_ONCE, 1, HOUR, id="at once"),
        pytest.param(AT_ONCE, 3, 2 * HOUR, id="at once, several periods"),
        pytest.param(EVENLY, 5, None, id="more than it can ever hold"),
    ],
)
async def test_refusal_says_how_long_to_wait(
    conn: Connection, limit: Limit, tokens: int, seconds: float | None
) -> None:
    name = [new_id()]
    await grant(conn, Draw(name, limit), 4)
    refusal = await draw_tokens(conn, [Draw(name, limit, tokens)])
    assert refusal is not None
    assert refusal.remaining_tokens == 0
    assert refusal.retry_after_seconds == (
        None if seconds is None else pytest.approx(seconds, abs=5)
    )


async def test_refused_draw_takes_from_no_other_bucket(conn: Connection) -> None:
    empty, full = Draw([new_id()], EVENLY), Draw([new_id()], EVENLY)
    await grant(conn, empty, 4)
    refusal = await draw_tokens(conn, [full, empty])
    assert refusal is not None
    assert refusal.draw is empty
    assert await grant(conn, full, 5) == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("taken", "given_back", "granted"),
    [
        pytest.param(4, 2, 2, id="what was taken"),
        pytest.param(1, 3, 4, id="no more than there is room for"),
        pytest.param(0, 1, 4, id="to a full bucket"),
    ],
)
async def test_what_is_given_back_can_be_taken_again(
    conn: Connection, taken: int, given_back: int, granted: int
) -> None:
    draw = Draw([new_id()], EVENLY)
    await grant(conn, draw, taken)
    await give_back(conn, [draw] * given_back)
    assert sum(await grant(conn, draw, 6)) == granted


async def test_other_names_and_other_limits_are_other_buckets(conn: Connection) -> None:
    name = [new_id(), {"key": None}]
    await grant(conn, Draw(name, EVENLY), 4)
    assert await grant(conn, Draw([*name, 1], EVENLY), 1) == [True]
    assert await grant(conn, Draw(name, AT_ONCE), 1) == [True]


async def test_concurrent_takers_share_one_bucket(django_db_setup: None) -> None:
    limit = Limit(capacity=20, amount=20, period_seconds=HOUR)
    draws = [Draw([new_id()], limit), Draw([new_id()], limit)]

    async def taker(mine: list[Draw]) -> int:
        async with connect() as conn:
            return sum([await draw_tokens(conn, mine) is None for _ in range(10)])

    granted = await asyncio.gather(*(taker(draws[::turn]) for turn in (1, -1, 1, -1)))
    assert sum(granted) == 20


async def test_sweep_forgets_full_buckets_only(conn: Connection) -> None:
    await conn.execute("delete from token_buckets")
    old, new = Draw([new_id()], EVENLY), Draw([new_id()], EVENLY)
    await grant(conn, old, 4)
    await pass_time(conn, HOUR * 4)
    await grant(conn, new, 1)
    assert await sweep_buckets(conn) == 1
    assert await grant(conn, new, 4) == [True, True, True, False]
