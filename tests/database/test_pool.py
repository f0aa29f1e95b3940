"""The pool gets every connection back, whatever happens to whoever borrowed it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.until import until
from triples.management.database import conninfo
from triples.sql import pool

pytestmark = pytest.mark.asyncio
SECONDS = 10.0


@pytest_asyncio.fixture
async def one_connection(django_db_setup: None) -> AsyncIterator[None]:
    await pool.open_pool(conninfo(), max_size=1)
    yield
    await pool.close_pool()


@pytest.mark.usefixtures("one_connection")
async def test_borrower_cancelled_while_giving_back_gives_back() -> None:
    """Seen under load: clients that left in the middle of their queries took the whole pool."""
    is_borrowed, may_end = asyncio.Event(), asyncio.Event()

    async def borrow() -> None:
        async with pool.connection():
            is_borrowed.set()
            await may_end.wait()

    borrower = asyncio.create_task(borrow())
    await is_borrowed.wait()
    books = pool._opened(pool._pool)._lock
    async with books:  # somebody else is at the pool's books
        may_end.set()
        async with asyncio.timeout(SECONDS):
            while not books._waiters:
                await asyncio.sleep(0)
        borrower.cancel()
        await asyncio.wait({borrower})
    assert borrower.cancelled()

    async with asyncio.timeout(SECONDS), pool.connection() as conn:
        assert await (await conn.execute("select 1")).fetchone() == (1,)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("turns", range(8))
async def test_borrower_cancelled_while_it_is_given_a_connection_does_not_go_on(turns: int) -> None:
    """Somewhere in these turns of the event loop the connection is handed over."""

    async def borrow() -> None:
        async with pool.connection():
            for _ in range(100):
                await asyncio.sleep(0)

    connections = pool._opened(pool._pool)
    taken = await connections.getconn()
    borrower = asyncio.create_task(borrow())
    await until(lambda: len(connections._waiting) == 1)
    returning = asyncio.create_task(connections.putconn(taken))
    for _ in range(turns):
        await asyncio.sleep(0)
    borrower.cancel()
    await asyncio.wait({borrower, returning})
    assert borrower.cancelled()

    async with asyncio.timeout(SECONDS), pool.connection() as conn:
        assert await (await conn.execute("select 1")).fetchone() == (1,)
