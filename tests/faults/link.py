"""A link to PostgreSQL that can be cut, frozen and healed: a TCP relay of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Link:
    """Relays connections to one server while it is whole.

    Cut, it refuses connections and has ended those that were; frozen, it keeps them and passes
    nothing on, as a network that lost the other side without a word.
    """

    database_url: str

    def __init__(self, database_url: str) -> None:
        target = conninfo_to_dict(database_url)
        self._database_url = database_url
        self._host, self._port = str(target.get("host", "127.0.0.1")), int(target["port"] or 5432)
        self._whole = asyncio.Event()
        self._whole.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False

    @classmethod
    @asynccontextmanager
    async def to(cls, database_url: str) -> AsyncIterator[Self]:
        """A whole link, for the length of a block."""
        link = cls(database_url)
        server = await asyncio.start_server(link._relay, "127.0.0.1", 0)
        link.database_url = make_conninfo(
            database_url, host="127.0.0.1", port=server.sockets[0].getsockname()[1]
        )
        try:
            yield link
        finally:
            server.close()
            await link.cut()

    async def cut(self) -> None:
        """End every connection and refuse new ones."""
        self._is_cut = True
        self._whole.set()
        for writer in list(self._writers):
            writer.close()

    async def freeze(self) -> None:
        """Keep connections, and pass nothing on."""
        self._whole.clear()

    async def heal(self) -> None:
        """Be whole again."""
        self._is_cut = False
        self._whole.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        there_reader, there_writer = await self._open()
        self._writers |= {writer, there_writer}
        await asyncio.gather(
            self._pass_on(reader, there_writer), self._pass_on(there_reader, writer)
        )

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        return await asyncio.open_connection(self._host, self._port)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while received := await reader.read(65_536):
                await self._whole.wait()
                writer.write(received)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
