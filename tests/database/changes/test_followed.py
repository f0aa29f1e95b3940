"""A server process notices that another one serves the same database."""

from __future__ import annotations

import asyncio

from realtime.changes.wal.slot import is_followed
from tests.database.changes.fed import writer

FEED = "select pg_create_logical_replication_slot('instant_feed_other', 'pgoutput', true)"
STRANGER = "select pg_create_logical_replication_slot('instantly_fed_other', 'pgoutput', true)"


def test_other_process_is_noticed_while_it_lives(database_url: str) -> None:
    async def story() -> None:
        async with writer(database_url) as here:
            assert not await is_followed(here)
            async with writer(database_url) as other:
                await other.execute(STRANGER)
                assert not await is_followed(here), "somebody else's slot"
                await other.execute(FEED)
                assert await is_followed(here)

    asyncio.run(story())
