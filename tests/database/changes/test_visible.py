"""Waiting for a transaction ends when new snapshots show it, and not before."""

from __future__ import annotations

import asyncio

import pytest

from realtime.visibility import sees, wait_until_visible
from tests.database.changes.fed import writer

# Which transaction is this, as the log numbers it?
XID = "select (pg_current_xact_id()::text::numeric % 4294967296)::bigint"


def test_open_transaction_is_waited_for(database_url: str) -> None:
    async def story() -> None:
        async with writer(database_url) as open_one, writer(database_url) as other:
            async with open_one.transaction():
                ((xid,),) = await (await open_one.execute(XID)).fetchall()
                with pytest.raises(TimeoutError):
                    await wait_until_visible(other, xid, 0.05)
                waiting = asyncio.create_task(wait_until_visible(other, xid, 30))
            assert sees(await waiting, xid)

    asyncio.run(story())
