"""An app is joined once Redis has confirmed that very subscription, not an earlier one to it.

Redis is played by the test, so that it may be slow.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import pytest

from realtime.bus.redis_link import Names
from realtime.bus.redis_listener import RedisListener
from tests.until import until
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

LIMIT_SECONDS: Final = 20.0
SILENT: Final = (b"SUBSCRIBE", b"UNSUBSCRIBE")
"""What is answered when the test says so; anything else at once."""


class SlowRedis:
    """A Redis with one client; `asked` is what it has to do about channels."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes]] = []
        self._news = asyncio.Event()
        self._out: asyncio.StreamWriter | None = None

    async def start(self) -> str:
        """Listen; returns the URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"redis://{host}:{port}/0"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def until_asked(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_SECONDS):
            while len(self.asked) < count:
                self._news.clear()
                await self._news.wait()

    def confirm(self) -> None:
        """Do the first thing that was asked for, and say so."""
        command, channel = self.asked.pop(0)
        self._say(command.lower(), channel, 1)

    def tell(self, channel: bytes) -> None:
        """Somebody has published something."""
        self._say(b"message", channel, b"news")

    def _say(self, *parts: bytes | int) -> None:
        assert self._out is not None
        encoded = [
            b":%d\r\n" % part if isinstance(part, int) else b"$%d\r\n%b\r\n" % (len(part), part)
            for part in parts
        ]
        self._out.write(b"*%d\r\n" % len(parts) + b"".join(encoded))

    async def _serve(self, given: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        self._out = out
        while head := await given.readline():
            words = []
            for _ in range(int(head[1:])):
                size = int((await given.readline())[1:])
                words.append((await given.readexactly(size + 2))[:-2])
            if words[0] in SILENT:
                self.asked += [(words[0], channel) for channel in words[1:]]
                self._news.set()
            else:
                out.write(b"+OK\r\n")
        out.close()


def _has(heard: list[bytes], news: int) -> bool:
    return len(heard) == news


async def test_app_that_is_left_and_joined_again_waits_for_its_own_confirmation() -> None:
    redis, heard = SlowRedis(), list[bytes]()
    url = await redis.start()
    machine_id, app_id = new_id(), new_id()
    listener = RedisListener(url, machine_id, heard.append)
    await listener.start()
    await redis.until_asked(3)
    for _ in range(3):
        redis.confirm()
    await listener.wait_until_live(LIMIT_SECONDS)

    left = asyncio.create_task(listener.join(app_id))
    await redis.until_asked(1)
    left.cancel()
    listener.leave(app_id)
    joined = asyncio.create_task(listener.join(app_id))
    await redis.until_asked(3)

    redis.confirm()
    for news in range(1, 3):  # whoever waited for the confirmation has had a turn at the second
        redis.tell(Names.of(url).process(machine_id))
        await until(partial(_has, heard, news))
    assert not joined.done()

    redis.confirm()
    redis.confirm()
    await asyncio.wait_for(joined, LIMIT_SECONDS)
    await listener.stop()
    await redis.stop()
