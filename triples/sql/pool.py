"""The process's pool of asynchronous PostgreSQL connections.

Opened and closed by whoever owns the event loop (`realtime.lifecycle`, a management command, a
test). Connections are in autocommit: a writer opens its transaction explicitly. UUIDs arrive as
canonical `str` and JSON through orjson, in the form the rest of the project uses.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool

Connection = psycopg.AsyncConnection[TupleRow]

PREPARE_AFTER_RUNS = 2  # planning a nested query costs more than running it
CHECKOUT_SECONDS = 10.0  # a longer queue for connections means overload: fail the operation

_pool: AsyncConnectionPool[Connection] | None = None


def session_options(statement_timeout_seconds: float) -> str:
    """Start-up options of every connection that touches tenant data.

    Plans are generic: all tenants share one table, so a plan for the very values is no better, and
    making it costs more than running it (docs/decisions/0010-instaql.md).
    """
    settings = {
        "TimeZone": "UTC",
        "DateStyle": "ISO,MDY",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": f"{int(statement_timeout_seconds * 1000)}ms",
        "application_name": "instant",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


async def configure(conn: psycopg.AsyncConnection[Any]) -> None:
    """Make a connection speak this project's types."""
    conn.adapters.register_loader("uuid", TextLoader)
    set_json_loads(orjson.loads, conn)
    set_json_dumps(orjson.dumps, conn)
    conn.prepare_threshold = PREPARE_AFTER_RUNS


async def open_pool(
    database_url: str, *, max_size: int, statement_timeout_seconds: float = 30.0
) -> None:
    """Open the pool; a second call before `close_pool` is an error."""
    global _pool
    if _pool is not None:
        raise RuntimeError("the connection pool is already open")
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=max_size,
        timeout=CHECKOUT_SECONDS,
        kwargs={"autocommit": True, "options": session_options(statement_timeout_seconds)},
        configure=configure,
        open=False,
        name="instant",
    )
    await pool.open(wait=True)
    _pool = pool


async def close_pool() -> None:
    """Close the pool, waiting for connections in use."""
    global _pool
    pool, _pool = _pool, None
    if pool is not None:
        await pool.close()


def connection() -> AbstractAsyncContextManager[Connection]:
    """Borrow a connection for the length of an `async with` block."""
    if _pool is None:
        raise RuntimeError("the connection pool is not open")
    return _pool.connection()
