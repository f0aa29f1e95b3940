"""Where in the log a connection starts reading: the replication slot.

The slot decides what happens while nobody reads. A temporary slot dies with its connection, so
PostgreSQL keeps no log for a server that is gone, and each connection begins with a gap. A lasting
slot (for a worker that outlives the servers it tells) fits the same protocol: it says that it
continues, and then there is no gap.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Protocol

from realtime.visibility import current_snapshot
from triples.sql.pool import Connection

CREATE_SECONDS = 300.0  # PostgreSQL first waits for every transaction that is running
SETTLE_SECONDS = 2.0
SETTLE_PAUSE_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class SlotStart:
    """A slot ready to be read.

    `position`: it delivers what commits after this position of the log. `continues`: that is
    everything which was not acknowledged through it before.
    """

    name: str
    position: int
    continues: bool


class Slot(Protocol):
    """Chooses, makes or finds the slot for a new connection."""

    async def take(self, conn: Connection) -> SlotStart:
        """Make the slot ready on this replication connection.

        If it does not continue, every transaction that it will not deliver is visible to snapshots
        taken after this returns. Raises `psycopg.Error` or `TimeoutError`.
        """
        ...


class TemporarySlot:
    """A slot that lives as long as its connection."""

    async def take(self, conn: Connection) -> SlotStart:
        """See `Slot.take`."""
        name = f"instant_feed_{secrets.token_hex(8)}"
        async with asyncio.timeout(CREATE_SECONDS):
            created = await conn.execute(
                f"CREATE_REPLICATION_SLOT {name} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')"
            )
            row = await created.fetchone()
        assert row is not None
        await _settle(conn)
        return SlotStart(name, parse_lsn(row[1]), continues=False)


def parse_lsn(text: str) -> int:
    """A log position as a number of bytes, from PostgreSQL's spelling `16/B374D848`."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


async def _settle(conn: Connection) -> None:
    """Wait until transactions that run at this moment have ended.

    One of them may have written its commit before the slot's starting point, so that it will not be
    delivered, without being visible yet: that lasts microseconds, or as long as a synchronous
    standby takes. Transactions that run longer have not committed and will be delivered.
    """
    running = (await current_snapshot(conn)).running
    deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while running and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(SETTLE_PAUSE_SECONDS)
        running &= (await current_snapshot(conn)).running
