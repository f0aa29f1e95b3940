"""The log read in one go, without a stream: what was committed since the last look."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self

from realtime.changes.wal.assemble import Assembler, Committed
from realtime.changes.wal.pgoutput import Decoder
from realtime.changes.wal.slot import PUBLICATION
from triples.sql.pool import Connection

_CREATE: Final = "select pg_create_logical_replication_slot(%s, 'pgoutput', true)"
_READ: Final = """
select data from pg_logical_slot_get_binary_changes(
  %s, null, null, 'proto_version', '1', 'publication_names', %s
)
"""
_DROP: Final = "select pg_drop_replication_slot(%s)"


class ReadLog:
    """A temporary slot of this connection, read through SQL."""

    def __init__(self, conn: Connection, slot: str) -> None:
        self._conn = conn
        self._slot = slot

    @classmethod
    @asynccontextmanager
    async def of(cls, conn: Connection) -> AsyncIterator[Self]:
        """Read what is committed from now on."""
        slot = f"read_log_{secrets.token_hex(8)}"
        await conn.execute(_CREATE, (slot,))
        try:
            yield cls(conn, slot)
        finally:
            await conn.execute(_DROP, (slot,))

    async def committed(self) -> list[Committed]:
        """The transactions since the last call, in commit order."""
        decoder, assembler = Decoder(), Assembler()
        rows = await (await self._conn.execute(_READ, (self._slot, PUBLICATION))).fetchall()
        told = (assembler.feed(decoder.decode(bytes(data))) for (data,) in rows)
        return [committed for committed in told if committed is not None]
