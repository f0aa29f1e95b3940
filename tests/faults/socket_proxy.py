"""A network between clients and a server that can be cut, slowed down and made to wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Self

CHUNK_BYTES = 4_096
CLOSE_SECONDS = 10.0


class SocketProxy:
    """Relays TCP connections to one port, in a thread of its own.

    `delay_seconds` holds every piece back, `bytes_per_second` limits each direction of each
    connection; both may be set at any time, and 0 means not at all.
    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.delay_seconds = 0.0
        self.bytes_per_second = 0
        self._target_port = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @classmethod
    @contextmanager
    def to(cls, target_port: int) -> Iterator[Self]:
        """A proxy for the length of a block."""
        proxy = cls(target_port)
        proxy._thread.start()
        server = proxy._do(asyncio.start_server(proxy._relay, "127.0.0.1", 0)).result()
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy._loop.call_soon_threadsafe(server.close)
            proxy.cut()
            proxy._loop.call_soon_threadsafe(proxy._loop.stop)
            proxy._thread.join(CLOSE_SECONDS)

    def cut(self) -> None:
        """End every connection without a goodbye; new ones are let through."""
        self._do(self._abort_all()).result(CLOSE_SECONDS)

    async def _abort_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while received := await reader.read(CHUNK_BYTES):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if self.bytes_per_second:
                    await asyncio.sleep(len(received) / self.bytes_per_second)
                writer.write(received)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    def _do(self, work: object) -> Future[asyncio.Server]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)  # type: ignore[arg-type]
