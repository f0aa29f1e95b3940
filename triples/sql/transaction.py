"""Transactions that a statement opens itself, to save the round trip of `begin`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.pq import TransactionStatus

from triples.sql.pool import Connection


@asynccontextmanager
async def ended(conn: Connection) -> AsyncIterator[None]:
    """Commit what the block opened with a `begin` of its own; on an exception, roll it back.

    The connection must be in autocommit. Inside a transaction of the caller's, which then ends with
    the caller's work, the block is a part of it that can be rolled back alone.
    """
    if conn.info.transaction_status != TransactionStatus.IDLE:
        async with conn.transaction():
            yield
        return
    try:
        yield
    except BaseException:
        # Why it failed matters more than why it could not be rolled back; the pool discards a
        # connection that is left inside a transaction.
        with suppress(psycopg.Error):
            await conn.rollback()
        raise
    await conn.commit()
