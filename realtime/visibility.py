"""Whether a snapshot shows a transaction of the log.

Logical decoding can deliver a commit a moment before new snapshots show it. An answer that is to
include a change must come from a snapshot that sees the change's transaction (law 4 of the
architecture; instaql.md §5.5).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from triples.sql.pool import Connection

FIRST_PAUSE_SECONDS = 0.000_5
LONGEST_PAUSE_SECONDS = 0.02

_EPOCH = 2**32
_HALF_EPOCH = 2**31

# Which transactions does a new snapshot show?
CURRENT_SNAPSHOT = "select pg_current_snapshot()::text"
# A new transaction's number, used up by asking.
NEXT_XID = "select pg_current_xact_id()"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What `pg_current_snapshot()` says, in 64-bit transaction numbers.

    Below `xmin` all have ended; from `xmax` on none had; between them those `running` had not.
    """

    xmin: int
    xmax: int
    running: frozenset[int]


def parse_snapshot(text: str) -> Snapshot:
    """Read `xmin:xmax:xid,xid,…`; raises `ValueError` for anything else."""
    xmin, xmax, running = text.split(":")
    return Snapshot(
        int(xmin), int(xmax), frozenset(map(int, running.split(",") if running else ()))
    )


def sees(snapshot: Snapshot, xid32: int) -> bool:
    """Whether the snapshot shows a committed transaction, given its 32-bit number.

    The number is read as the 64-bit one nearest to the snapshot: PostgreSQL never lets numbers in
    use lie more than half of the 32-bit range apart.
    """
    xid = snapshot.xmax - snapshot.xmax % _EPOCH + xid32
    if xid - snapshot.xmax > _HALF_EPOCH:
        xid -= _EPOCH
    elif snapshot.xmax - xid > _HALF_EPOCH:
        xid += _EPOCH
    return xid < snapshot.xmin or (xid < snapshot.xmax and xid not in snapshot.running)


async def current_snapshot(conn: Connection) -> Snapshot:
    """The snapshot of a new statement on this connection."""
    row = await (await conn.execute(CURRENT_SNAPSHOT)).fetchone()
    assert row is not None
    return parse_snapshot(row[0])


async def fenced_snapshot(conn: Connection) -> Snapshot:
    """A snapshot that shows, or counts as running, whatever has written its commit by now.

    Without the fence a transaction that has the highest number of all may be neither. `conn` must
    be in autocommit.
    """
    await conn.execute(NEXT_XID)
    return await current_snapshot(conn)


async def settle(conn: Connection, timeout_seconds: float) -> None:
    """Wait until every commit that is in the log by now shows, or the time is over.

    A transaction between its commit record and its showing is there for microseconds, or as long
    as a synchronous standby takes. Those that run longer have not committed.
    """
    running = (await fenced_snapshot(conn)).running
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while running and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(LONGEST_PAUSE_SECONDS / 4)
        running &= (await current_snapshot(conn)).running


async def wait_until_visible(conn: Connection, xid32: int, timeout_seconds: float) -> Snapshot:
    """Wait until new snapshots show a committed transaction; returns the first that does.

    `conn` must not be inside a transaction that keeps one snapshot. Raises `TimeoutError`.
    """
    pause_seconds = FIRST_PAUSE_SECONDS
    async with asyncio.timeout(timeout_seconds):
        while True:
            snapshot = await current_snapshot(conn)
            if sees(snapshot, xid32):
                return snapshot
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
