"""A network between clients and a server that can be cut, slowed down and made to wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Self

FROZEN_POLL_SECONDS = 0.02
CHUNK_BYTES = 4_096
CLOSE_SECONDS = 10.0


class SocketProxy:
    """Relays TCP connections to one port or socket file, in a thread of its own.

    `delay_seconds` holds every piece back, `bytes_per_second` limits each direction of each
    connection; both may be set at any time, and 0 means not at all. While it `is_frozen`,
    connections stand and nothing passes, as in a network that lost the other side without a word;
    while it `is_closed`, nobody gets a connection.
    """

    def __init__(self, target: int | Path) -> None:
        self.port = 0
        self.delay_seconds = 0.0
        self.bytes_per_second = 0
        self.is_frozen = False
        self.is_closed = False
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @classmethod
    @contextmanager
    def to(cls, target: int | Path) -> Iterator[Self]:
        """A proxy for the length of a block."""
        proxy = cls(target)
        proxy._thread.start()
        server = proxy._do(asyncio.start_server(proxy._relay, "127.0.0.1", 0)).result()
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy._loop.call_soon_threadsafe(server.close)
            proxy.cut()
            proxy._do(proxy._end_relays()).result(CLOSE_SECONDS)
            proxy._loop.call_soon_threadsafe(proxy._loop.stop)
            proxy._thread.join(CLOSE_SECONDS)

    def cut(self) -> None:
        """End every connection without a goodbye; new ones are let through."""
        self._do(self._abort_all()).result(CLOSE_SECONDS)

    async def _abort_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _end_relays(self) -> None:
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await self._open()
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.is_closed:
            raise ConnectionRefusedError
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection("127.0.0.1", self._target)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while received := await reader.read(CHUNK_BYTES):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if self.bytes_per_second:
                    await asyncio.sleep(len(received) / self.bytes_per_second)
                while self.is_frozen:
                    await asyncio.sleep(FROZEN_POLL_SECONDS)
                writer.write(received)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    def _do(self, work: object) -> Future[asyncio.Server]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)  # type: ignore[arg-type]
