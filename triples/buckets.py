"""Token buckets in PostgreSQL: limits that are right across all processes of the server.

A bucket is full at first. Taking from it is immediate and is not undone by whatever its caller
does next, unless it gives back, so it needs a connection outside any transaction. Buckets are
shared by everything that limits: sign-in (http-api.md §1.11), rules (transactions-permissions.md
§16) and the operator site. A bucket's name holds the app where it is a tenant's, and is stored as a
hash, since it may hold an address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from triples.sql.pool import Connection
from wire import json

SWEPT_AT_ONCE: Final = 1_000

# What the bucket holds now: what it held, and what has come in since; never above its capacity.
_HELD: Final = """least(
  %(capacity)s::float8,
  bucket.tokens + %(amount)s::float8 * {elapsed}
)"""
_PERIODS: Final = "(extract(epoch from clock.now - bucket.filled_at) / %(period)s::float8)"
_GREEDY: Final = _HELD.format(elapsed=_PERIODS)
_INTERVAL: Final = _HELD.format(elapsed=f"floor({_PERIODS})")
# An interval goes on from where it was, so that taking does not postpone the next refill.
_FILLED: Final = {
    True: "clock.now",
    False: f"bucket.filled_at + floor({_PERIODS}) * %(period)s * interval '1 second'",
}
_CLOCK: Final = "with clock as materialized (select clock_timestamp() as now)"


def _take(is_greedy: bool) -> str:
    held = _GREEDY if is_greedy else _INTERVAL
    clock = "(select now from clock)"
    return f"""{_CLOCK}
insert into token_buckets as bucket (key, tokens, filled_at, forget_at)
select %(key)s, %(capacity)s - %(cost)s::float8, now, now + %(full_after)s * interval '1 second'
from clock
where %(capacity)s >= %(cost)s
on conflict (key) do update set
  tokens = {held.replace("clock.now", clock)} - %(cost)s,
  filled_at = {_FILLED[is_greedy].replace("clock.now", clock)},
  forget_at = excluded.forget_at
where {held.replace("clock.now", clock)} >= %(cost)s
returning tokens
"""


def _look(is_greedy: bool) -> str:
    held = _GREEDY if is_greedy else _INTERVAL
    return f"""{_CLOCK}
select {held}, extract(epoch from clock.now - {_FILLED[is_greedy]})::float8
from clock, token_buckets as bucket
where bucket.key = %(key)s
"""


_TAKE: Final = {is_greedy: _take(is_greedy) for is_greedy in (True, False)}
_LOOK: Final = {is_greedy: _look(is_greedy) for is_greedy in (True, False)}

# Buckets that are full again say nothing that a new one would not.
_SWEEP: Final = """
delete from token_buckets
where key in (
  select key from token_buckets where forget_at < now() limit %s for update skip locked
)
"""


# What is beyond the capacity then is not there when the bucket is looked at next.
_GIVE_BACK: Final = "update token_buckets set tokens = tokens + %s where key = %s"


@dataclass(frozen=True, slots=True)
class Limit:
    """How large a bucket is, and how it fills: `amount` tokens a period, evenly or all at once."""

    capacity: int
    amount: int
    period_seconds: float
    is_greedy: bool = True


@dataclass(frozen=True, slots=True)
class Draw:
    """So many tokens from one bucket; `name` tells buckets apart and may hold any JSON values."""

    name: Sequence[Any]
    limit: Limit
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """A bucket held too little; `retry_after_seconds` is None where it never will hold enough."""

    draw: Draw
    remaining_tokens: int
    retry_after_seconds: float | None


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


async def draw_tokens(conn: Connection, draws: Sequence[Draw]) -> Refusal | None:
    """Take from all the buckets, or from none: then say which of them held too little.

    The connection must be in autocommit. Buckets are locked in the order of their keys.
    """
    keyed = sorted(((_key(draw), draw) for draw in draws), key=lambda pair: pair[0])
    try:
        async with conn.transaction():
            for key, draw in keyed:
                await _draw(conn, key, draw)
    except _Refused as refused:
        return refused.refusal
    return None


async def give_back(conn: Connection, draws: Sequence[Draw]) -> None:
    """Put back what was taken for something that is not to be limited after all."""
    for draw in draws:
        await conn.execute(_GIVE_BACK, (draw.tokens, _key(draw)))


async def sweep_buckets(conn: Connection) -> int:
    """Forget some buckets that are full again; says how many."""
    return (await conn.execute(_SWEEP, (SWEPT_AT_ONCE,))).rowcount


async def _draw(conn: Connection, key: bytes, draw: Draw) -> None:
    limit = draw.limit
    values = {
        "key": key,
        "capacity": limit.capacity,
        "amount": limit.amount,
        "period": limit.period_seconds,
        "cost": draw.tokens,
        "full_after": limit.capacity / limit.amount * limit.period_seconds + limit.period_seconds,
    }
    if await (await conn.execute(_TAKE[limit.is_greedy], values)).fetchone() is not None:
        return
    row = await (await conn.execute(_LOOK[limit.is_greedy], values)).fetchone()
    held, waited = row or (limit.capacity, 0.0)
    raise _Refused(Refusal(draw, max(0, int(held)), _wait(draw, held, waited)))


def _wait(draw: Draw, held: float, waited_seconds: float) -> float | None:
    """Seconds until the bucket holds enough; `waited_seconds` of an interval are over."""
    limit = draw.limit
    if draw.tokens > limit.capacity:
        return None
    periods = (draw.tokens - held) / limit.amount
    if not limit.is_greedy:
        periods = -(-(draw.tokens - held) // limit.amount)
    return max(0.0, periods * limit.period_seconds - waited_seconds)


def _key(draw: Draw) -> bytes:
    limit = draw.limit
    shape = [limit.capacity, limit.amount, limit.period_seconds, limit.is_greedy]
    return hashlib.sha256(json.canonical([*draw.name, shape])).digest()
