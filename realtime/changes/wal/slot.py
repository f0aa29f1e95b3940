"""Where in the log a connection starts reading: the replication slot.

The slot decides what happens while nobody reads. A temporary slot dies with its connection, so
PostgreSQL keeps no log for a server that is gone, and each connection begins with a gap. A lasting
slot is for a worker that outlives the servers it tells: it goes on where the last reader was.

States of a lasting slot, and what `take` does:

    usable ──▶ goes on, without a gap
    missing, or lost (its log was removed) ──▶ draft ──gap announced──▶ usable

A draft is a temporary slot. It becomes the lasting one by being copied, after the gap was
announced: a reader that dies in between leaves nothing that could be taken for a slot without gap.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from realtime.visibility import settle
from triples.sql.pool import Connection

CREATE_SECONDS: Final = 300.0  # PostgreSQL first waits for every transaction that is running
SETTLE_SECONDS: Final = 2.0
FREE_SECONDS: Final = 10.0  # for the back end of a reader that is gone to notice it
FREE_PAUSE_SECONDS: Final = 0.05

PUBLICATION: Final = "instant_feed"

AnnounceGap = Callable[[], Awaitable[None]]

# What is there under this name, and who reads it?
_FIND: Final = """
select confirmed_flush_lsn, coalesce(wal_status, 'lost') <> 'lost', active_pid
from pg_replication_slots where slot_name = {name}
"""
# Does this back end hold an advisory lock?
_HOLDS_LOCK: Final = """
select from pg_locks where pid = {pid} and locktype = 'advisory' and granted
"""
# Slots belong to the whole server, so the name says for which database.
_NAME: Final = """
select 'instant_feed_' || oid from pg_database where datname = current_database()
"""


_PUBLICATION: Final = f"select from pg_publication where pubname = '{PUBLICATION}'"


# Does another process read the log of this database for live queries?
_IS_FOLLOWED: Final = """
select exists (
  select from pg_replication_slots
  where database = current_database() and slot_name like 'instant\\_feed\\_%' and active
)
"""


class NotMine(Exception):
    """The slot is another reader's."""


class NotPrepared(Exception):
    """The database is not migrated."""


@dataclass(frozen=True, slots=True)
class SlotStart:
    """A slot ready to be read; it delivers what commits after this position of the log."""

    name: str
    position: int


class Slot(Protocol):
    """Chooses, makes or finds the slot for a new connection."""

    async def take(self, conn: Connection, announce_gap: AnnounceGap) -> SlotStart:
        """Make the slot ready on this replication connection.

        Unless it delivers everything that was not acknowledged through it before, `announce_gap`
        is called once, when every transaction that it will not deliver is visible to new
        snapshots. Raises `psycopg.Error`, `TimeoutError`, `NotPrepared`, and what `announce_gap`
        raises.
        """
        ...


async def is_followed(conn: Connection) -> bool:
    """Whether somebody reads this database's log for live queries already."""
    row = await (await conn.execute(_IS_FOLLOWED)).fetchone()
    return bool(row and row[0])


class TemporarySlot:
    """A slot that lives as long as its connection."""

    async def take(self, conn: Connection, announce_gap: AnnounceGap) -> SlotStart:
        """See `Slot.take`."""
        slot = await _draft(conn)
        await announce_gap()
        return slot


class LastingSlot:
    """A slot that waits for the next reader; whoever takes it must be the only one to do so.

    Who that is an advisory lock says; `lock_pid` is the back end that holds it for this reader. A
    reader that lost the lock and does not know it yet, gets `NotMine`.
    """

    def __init__(self, lock_pid: int) -> None:
        self._lock_pid = lock_pid

    async def take(self, conn: Connection, announce_gap: AnnounceGap) -> SlotStart:
        """See `Slot.take`."""
        if await (await conn.execute(_HOLDS_LOCK.format(pid=self._lock_pid))).fetchone() is None:
            raise NotMine("another reader has taken over")
        name = await self._name(conn)
        found = await _find(conn, name)
        if found is not None:
            await _free(conn, name)
            if found.is_usable:
                return SlotStart(name, found.position)
            await conn.execute(f"DROP_REPLICATION_SLOT {name}")
        draft = await _draft(conn)
        await announce_gap()
        await conn.execute(
            f"select pg_copy_logical_replication_slot('{draft.name}', '{name}', false)"
        )
        await conn.execute(f"DROP_REPLICATION_SLOT {draft.name}")
        return SlotStart(name, draft.position)

    async def _name(self, conn: Connection) -> str:
        row = await (await conn.execute(_NAME)).fetchone()
        assert row is not None
        return str(row[0])


@dataclass(frozen=True, slots=True)
class _Found:
    """What PostgreSQL says of a slot."""

    position: int
    is_usable: bool
    active_pid: int | None


async def _find(conn: Connection, name: str) -> _Found | None:
    # A replication connection takes no parameters.
    row = await (await conn.execute(_FIND.format(name=f"'{name}'"))).fetchone()
    return None if row is None else _Found(parse_lsn(row[0]), bool(row[1]), row[2])


async def _free(conn: Connection, name: str) -> None:
    """End whoever still reads: a reader that is gone, whose back end has not noticed yet."""
    async with asyncio.timeout(FREE_SECONDS):
        while (found := await _find(conn, name)) is not None and found.active_pid is not None:
            await conn.execute(f"select pg_terminate_backend({found.active_pid})")
            await asyncio.sleep(FREE_PAUSE_SECONDS)


async def _draft(conn: Connection) -> SlotStart:
    """A temporary slot; what it will not deliver shows in new snapshots."""
    # A slot from before its publication could never be read past that moment.
    if await (await conn.execute(_PUBLICATION)).fetchone() is None:
        raise NotPrepared(f"the publication {PUBLICATION} is missing: the tables are not made yet")
    name = f"instant_feed_{secrets.token_hex(8)}"
    async with asyncio.timeout(CREATE_SECONDS):
        created = await conn.execute(
            f"CREATE_REPLICATION_SLOT {name} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')"
        )
        row = await created.fetchone()
    assert row is not None
    await settle(conn, SETTLE_SECONDS)
    return SlotStart(name, parse_lsn(row[1]))


def parse_lsn(text: str) -> int:
    """A log position as a number of bytes, from PostgreSQL's spelling `16/B374D848`."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)
