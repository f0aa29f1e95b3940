"""The rate limits of rules: what `$rateLimits` may say, and taking tokens (§16).

The buckets are PostgreSQL's (`triples.buckets`), so a limit holds across all processes. Tokens are
taken on a connection beside the write's: they stay taken when the write is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from triples.buckets import Draw, Limit, Refusal, draw_tokens
from triples.permissions.failures import EvaluationFailed, LimitExceeded
from triples.sql import pool
from wire import json

DAY_SECONDS: Final = 86_400.0
DEFAULT_PERIOD: Final = "1 hour"
MAX_CAPACITY: Final = 2**53

_UNIT_SECONDS: Final = {
    "second": 1.0,
    "sec": 1.0,
    "s": 1.0,
    "minute": 60.0,
    "min": 60.0,
    "m": 60.0,
    "hour": 3_600.0,
    "hr": 3_600.0,
    "h": 3_600.0,
    "day": DAY_SECONDS,
    "d": DAY_SECONDS,
}
_AMOUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?(?=[\s\d,]|\Z)\s*,?", re.IGNORECASE)
_CLOCK: Final = re.compile(r"\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*\Z")
_MAX_PERIOD_TEXT: Final = 100


class BadRateLimit(ValueError):
    """A configuration cannot be used; the message says why."""


def limits_of(config: Any) -> list[Limit]:
    """The limits of one name in `$rateLimits`; raises `BadRateLimit`."""
    limits = config.get("limits") if isinstance(config, dict) else None
    if not isinstance(limits, list) or not limits:
        raise BadRateLimit(
            "The rate limit config must have at least one limit in the `limits` array."
        )
    return [_limit(limit) for limit in limits]


async def take_tokens(
    app_id: str, configs: Mapping[str, Any], bucket: str, key: Any, tokens: int
) -> None:
    """Take tokens of a bucket, for a key; raises `LimitExceeded` where too few are left."""
    try:
        limits = limits_of(configs.get(bucket))
    except BadRateLimit as error:
        raise EvaluationFailed("INVALID_ARGUMENT", f"rate limit `{bucket}`: {error}") from error
    if tokens < 1:
        raise EvaluationFailed("INVALID_ARGUMENT", "a rate limit takes one token or more")
    name = ["rule", app_id, bucket, json.canonical(configs[bucket]).decode(), key]
    draws = [Draw([*name, number], limit, tokens) for number, limit in enumerate(limits)]
    async with pool.aside() as conn:
        refusal = await draw_tokens(conn, draws)
    if refusal is not None:
        raise LimitExceeded(_hint(refusal))


def _hint(refusal: Refusal) -> dict[str, Any]:
    hint: dict[str, Any] = {"remaining-tokens": refusal.remaining_tokens}
    wait = refusal.retry_after_seconds
    if wait is None:
        return hint  # it never will hold enough
    moment = datetime.now(UTC) + timedelta(seconds=wait)
    text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"retry-at": text, "retry-after": math.ceil(wait), **hint}


def _limit(limit: Any) -> Limit:
    if not isinstance(limit, dict):
        raise BadRateLimit("A limit must be an object with a `capacity`.")
    capacity = _positive(limit.get("capacity"), "capacity")
    refill = limit.get("refill")
    if refill is None:
        refill = {}
    if not isinstance(refill, dict):
        raise BadRateLimit("`refill` must be an object.")
    kind = refill.get("type", "greedy")
    if kind not in ("greedy", "interval"):
        raise BadRateLimit('`refill.type` must be "greedy" or "interval".')
    amount = _positive(refill.get("amount", capacity), "refill.amount")
    period = _seconds(refill.get("period", DEFAULT_PERIOD))
    if period < 1:
        raise BadRateLimit("The refill period must be longer than a second.")
    if period > DAY_SECONDS:
        raise BadRateLimit("The refill period can't be longer than a day.")
    return Limit(capacity, amount, period, is_greedy=kind == "greedy")


def _positive(value: Any, name: str) -> int:
    if type(value) is not int or not 0 < value <= MAX_CAPACITY:
        raise BadRateLimit(f"`{name}` must be a positive whole number.")
    return value


def _seconds(text: Any) -> float:
    """How long an interval like `1 hour 30 minutes` or `00:30` is."""
    if isinstance(text, str) and len(text) <= _MAX_PERIOD_TEXT:
        if clock := _CLOCK.match(text):
            hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            return hours * 3_600.0 + minutes * 60 + seconds
        total, end = 0.0, 0
        while found := _AMOUNT.match(text, end):
            unit = _UNIT_SECONDS.get(found[2].lower())
            if unit is None:
                break
            total, end = total + float(found[1]) * unit, found.end()
        if end and end == len(text):
            return total
    raise BadRateLimit("`refill.period` must be an interval like `1 hour` or `30 minutes`.")
