"""`GET /health/system`: whether changes reach live queries (http-api.md §13).

Healthy means: the database answers, the change feed is live, and what the database has written is
not far ahead of what the feed has delivered. The feed is shown to this module by whoever starts it.
"""

from __future__ import annotations

import asyncio
import logging

import psycopg
from django.http import HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout

from realtime.changes.source import MAX_LAG_BYTES, ChangeSource
from triples.sql import pool
from wire import json

DATABASE_SECONDS = 3.0  # load balancers commonly give a health check 5 s

log = logging.getLogger(__name__)

_feed: ChangeSource | None = None

# How far is the log written?
WRITTEN_LSN = "select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint"


def watch(feed: ChangeSource | None) -> None:
    """Report on this feed from now on; None once it is stopped."""
    global _feed
    _feed = feed


async def system_health(request: HttpRequest) -> HttpResponse:
    """200 `{"wal":"ok"}` or 500 `{"wal":"error"}`."""
    problem = await find_problem()
    if problem is not None:
        log.warning("unhealthy: %s", problem)
    return HttpResponse(
        json.dumps({"wal": "ok" if problem is None else "error"}),
        status=200 if problem is None else 500,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def find_problem() -> str | None:
    """What keeps changes from reaching live queries, in words for the operator; None if nothing."""
    feed = _feed
    if feed is None:
        return "the change feed is not running"
    try:
        async with asyncio.timeout(DATABASE_SECONDS), pool.connection() as conn:
            row = await (await conn.execute(WRITTEN_LSN)).fetchone()
    except (psycopg.Error, PoolTimeout, TimeoutError, RuntimeError) as error:
        return f"the database does not answer ({type(error).__name__})"
    assert row is not None
    state = feed.state
    if not state.is_live:
        return f"the change feed is {state.phase}" + (f": {state.failure}" if state.failure else "")
    lag_bytes = max(state.lag_bytes, row[0] - state.delivered_lsn)
    if lag_bytes > MAX_LAG_BYTES:
        return f"the change feed is {lag_bytes:,} bytes of log behind"
    return None
