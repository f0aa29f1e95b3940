"""One replication connection: frames in, acknowledgements out.

psycopg has no replication interface, but its connection speaks the protocol: opened with
`replication=database` it accepts START_REPLICATION, and frames pass through libpq's COPY functions,
which never block here. What the frames mean, and when to connect again, is left to others.
Format: PostgreSQL documentation, "Streaming Replication Protocol".
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import psycopg
from psycopg import generators, pq
from psycopg.conninfo import conninfo_to_dict

from realtime.changes.wal.pgoutput import POSTGRES_EPOCH_SECONDS
from realtime.changes.wal.slot import PUBLICATION, AnnounceGap, Slot, SlotStart
from triples.sql.pool import Connection

CONNECT_SECONDS: Final = 10

# A slot is made in the time it takes; a dead link is found by TCP within 25 s.
_SETTINGS: Final = "-c statement_timeout=0 -c lock_timeout=0 -c application_name=instant-feed"
_TCP: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}

_LOG_DATA, _KEEPALIVE = b"wk"
_LOG_DATA_HEADER_BYTES: Final = 25
_KEEPALIVE_FRAME = struct.Struct(">xQq?")
_STATUS = struct.Struct(">cQQQq?")


class StreamEnded(Exception):
    """The server ended the stream."""


@dataclass(frozen=True, slots=True)
class Keepalive:
    """The server has sent everything up to `wal_end`, and may want to hear from this side."""

    wal_end: int
    reply_requested: bool


class ReplicationStream:
    """A connection that receives the log from a slot's position on."""

    def __init__(self, conn: Connection, start: SlotStart) -> None:
        self._conn = conn
        self._pgconn = conn.pgconn
        self.slot = start

    @classmethod
    async def open(cls, database_url: str, slot: Slot, announce_gap: AnnounceGap) -> Self:
        """Connect and start receiving; raises what `Slot.take` raises.

        `announce_gap` is called if the slot does not go on where it was read last.
        """
        parameters: dict[str, Any] = {**_TCP, **conninfo_to_dict(database_url)}
        parameters["options"] = f"{parameters.get('options') or ''} {_SETTINGS}"
        parameters.setdefault("connect_timeout", CONNECT_SECONDS)
        conn: Connection = await psycopg.AsyncConnection.connect(
            **parameters, replication="database", autocommit=True
        )
        try:
            stream = cls(conn, await slot.take(conn, announce_gap))
            async with asyncio.timeout(CONNECT_SECONDS):
                await stream._start()
        except BaseException:
            await conn.close()
            raise
        return stream

    async def close(self) -> None:
        """Disconnect; a temporary slot is gone with that."""
        await self._conn.close()

    def received(self) -> Iterator[bytes | Keepalive]:
        """Log messages and keepalives that have arrived; does not wait for more.

        One call yields about as much as fits libpq's buffer, so that a caller which waits between
        calls leaves the event loop to others. Raises `psycopg.OperationalError` or `StreamEnded`.
        """
        self._pgconn.consume_input()
        while True:
            size, frame = self._pgconn.get_copy_data(1)
            if size > 0:
                yield _parse(frame)
            elif size == 0:
                return
            else:
                raise StreamEnded("the server closed the replication stream")

    async def wait(self, seconds: float) -> None:
        """Wait until something arrives, but no longer than this."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._pgconn.socket, _resolve, arrived)
        timer = loop.call_later(seconds, _resolve, arrived)
        try:
            await arrived
        finally:
            timer.cancel()
            loop.remove_reader(self._pgconn.socket)

    def acknowledge(self, position: int, *, ask_for_reply: bool) -> None:
        """Tell the server that everything before this position was dealt with."""
        microseconds = int((time.time() - POSTGRES_EPOCH_SECONDS) * 1_000_000)
        self._pgconn.put_copy_data(
            _STATUS.pack(b"r", position, position, position, microseconds, ask_for_reply)
        )
        self._pgconn.flush()

    async def _start(self) -> None:
        command = (
            f"START_REPLICATION SLOT {self.slot.name} LOGICAL 0/0"
            f" (proto_version '1', publication_names '{PUBLICATION}')"
        )
        self._pgconn.send_query(command.encode())
        (result,) = await self._conn.wait(generators.execute(self._pgconn))
        if result.status != pq.ExecStatus.COPY_BOTH:
            raise psycopg.OperationalError(result.get_error_message())
        self._pgconn.nonblocking = 1


def _parse(frame: memoryview) -> bytes | Keepalive:
    kind = frame[0]
    if kind == _LOG_DATA:
        return bytes(frame[_LOG_DATA_HEADER_BYTES:])
    if kind == _KEEPALIVE:
        wal_end, _, reply_requested = _KEEPALIVE_FRAME.unpack(frame)
        return Keepalive(wal_end, reply_requested)
    raise StreamEnded(f"the server sent a frame of unknown type {kind}")


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
