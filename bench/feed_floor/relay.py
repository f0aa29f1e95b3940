"""The least that a change has to go through: log → decoded → one frame on a loopback socket.

There is no engine here: no assembling, no topics, no query. A client inside a process of its own
could not be faster than this on the same machine, so the product's latency is read against it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from realtime.changes.wal.pgoutput import Decoder, Insert
from realtime.changes.wal.slot import TemporarySlot
from realtime.changes.wal.stream import Keepalive, ReplicationStream

STATUS_SECONDS = 5.0


async def _no_gap() -> None:
    """Whoever measures asks only for what comes."""


@asynccontextmanager
async def relayed(database_url: str) -> AsyncIterator[ClientConnection]:
    """A client that gets one frame, its value's JSON, for every triple inserted by anybody."""
    stream = await ReplicationStream.open(database_url, TemporarySlot(), _no_gap)
    accepted: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def accept(socket: ServerConnection) -> None:
        accepted.set_result(socket)
        await socket.wait_closed()

    async with serve(accept, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None) as client:
            relaying = asyncio.create_task(_relay(stream, await accepted))
            try:
                yield client
            finally:
                relaying.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await relaying
                await stream.close()


async def _relay(stream: ReplicationStream, socket: ServerConnection) -> None:
    decoder = Decoder()
    while True:
        for frame in stream.received():
            if isinstance(frame, Keepalive):
                stream.acknowledge(frame.wal_end, ask_for_reply=False)
                continue
            message = decoder.decode(frame)
            if isinstance(message, Insert) and message.relation.table == "triples":
                value = message.relation.pick("value")(message.new)
                await socket.send(value.decode())
        await stream.wait(STATUS_SECONDS)
