"""The process's pool of asynchronous PostgreSQL connections.

Opened and closed by whoever owns the event loop (`realtime.lifecycle`, a management command, a
test). Connections are in autocommit: a writer opens its transaction explicitly. UUIDs arrive as
canonical `str` and JSON through orjson, in the form the rest of the project uses.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import orjson
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool

Connection = psycopg.AsyncConnection[TupleRow]

PREPARE_AFTER_RUNS = 2  # planning a nested query costs more than running it
CHECKOUT_SECONDS = 10.0  # a longer queue for connections means overload: fail the operation

MAX_ASIDE: Final = 2  # what goes aside is one short statement

_pool: AsyncConnectionPool[Connection] | None = None
_aside: AsyncConnectionPool[Connection] | None = None
_returning: set[asyncio.Task[None]] = set()


def session_options(statement_timeout_seconds: float) -> str:
    """Start-up options of every connection that touches tenant data.

    Plans are generic: all tenants share one table, so a plan for the very values is no better, and
    making it costs more than running it (docs/decisions/0010-instaql.md).
    """
    settings = {
        "client_encoding": "UTF8",  # JSON that PostgreSQL writes goes out as it arrives
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
    global _pool, _aside
    if _pool is not None:
        raise RuntimeError("the connection pool is already open")
    options = session_options(statement_timeout_seconds)
    pool = _new_pool(database_url, "instant", options, min_size=1, max_size=max_size)
    aside = _new_pool(database_url, "aside", options, min_size=0, max_size=MAX_ASIDE)
    await pool.open(wait=True)
    await aside.open()
    _pool, _aside = pool, aside


async def _check_if_it_spoke(conn: Connection) -> None:
    """Find out that the server ended a waiting connection, at the price of no round trip.

    A connection that nobody uses has nothing to read, unless the server said good-bye.
    """
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(conn)


async def close_pool() -> None:
    """Close the pool, waiting for connections in use."""
    global _pool, _aside
    pools = (_pool, _aside)
    _pool = _aside = None
    for pool in pools:
        if pool is not None:
            await pool.close()


def connection() -> AbstractAsyncContextManager[Connection]:
    """Borrow a connection for the length of an `async with` block."""
    return _lent(_opened(_pool))


def aside() -> AbstractAsyncContextManager[Connection]:
    """Borrow a connection beside the one that the caller holds, for one short statement.

    These have a pool of their own: if everybody who holds a connection waited for a second one of
    the same pool, nobody would get one.
    """
    return _lent(_opened(_aside))


@asynccontextmanager
async def _lent(pool: AsyncConnectionPool[Connection]) -> AsyncIterator[Connection]:
    """A connection of the pool, which gets it back whatever happens.

    The pool's own context manager waits for the pool's lock to give it back, and loses it for ever
    if the borrower is cancelled at that moment. On Python 3.11 a cancellation that meets the
    connection on its way is lost; whoever was told to stop would go on, without a deadline.
    """
    before = _cancellations()
    conn = await pool.getconn()
    try:
        if _cancellations() > before:
            raise asyncio.CancelledError
        async with conn:
            yield conn
    finally:
        returning = asyncio.create_task(pool.putconn(conn))
        _returning.add(returning)
        returning.add_done_callback(_returning.discard)
        await asyncio.shield(returning)


def _cancellations() -> int:
    """How often the current task was told to stop."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _opened(pool: AsyncConnectionPool[Connection] | None) -> AsyncConnectionPool[Connection]:
    if pool is None:
        raise RuntimeError("the connection pool is not open")
    return pool


def _new_pool(
    database_url: str, name: str, options: str, *, min_size: int, max_size: int
) -> AsyncConnectionPool[Connection]:
    return AsyncConnectionPool(
        database_url,
        min_size=min_size,
        max_size=max_size,
        timeout=CHECKOUT_SECONDS,
        kwargs={"autocommit": True, "options": options},
        configure=configure,
        check=_check_if_it_spoke,
        open=False,
        name=name,
    )
