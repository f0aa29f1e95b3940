"""Names and connections of the bus in Redis.

Redis knows no databases in its channels, so their names carry the database's number: installations
that share a Redis are told apart by the number in their URLs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS: Final = 5.0
COMMAND_SECONDS: Final = 5.0

_OPTIONS: Final[dict[str, Any]] = {
    "protocol": 2,
    "socket_connect_timeout": CONNECT_SECONDS,
    "retry": Retry(NoBackoff(), 0),  # a broken connection must be noticed, not mended silently
}


@dataclass(frozen=True, slots=True)
class Names:
    """The channels of one installation."""

    number: int

    @classmethod
    def of(cls, redis_url: str) -> Names:
        """The names under this URL."""
        return cls(int(ConnectionPool.from_url(redis_url).connection_kwargs.get("db") or 0))

    @property
    def everyone(self) -> bytes:
        """What concerns every process."""
        return b"instant:%d:everyone" % self.number

    @property
    def beats(self) -> bytes:
        """Signs of life of the publisher."""
        return b"instant:%d:beats" % self.number

    def app(self, app_id: str) -> bytes:
        """Changes of one app."""
        return b"instant:%d:app:%b" % (self.number, app_id.encode())

    def process(self, machine_id: str) -> bytes:
        """What concerns one process."""
        return b"instant:%d:process:%b" % (self.number, machine_id.encode())

    def post(self, post_id: str) -> bytes:
        """The key under which a large post waits to be fetched."""
        return b"instant:%d:post:%b" % (self.number, post_id.encode())

    def app_of(self, channel: bytes) -> str | None:
        """The app whose channel this is."""
        prefix = self.app("")
        return channel.removeprefix(prefix).decode() if channel.startswith(prefix) else None


def client(redis_url: str) -> Redis:
    """A client for commands, which are not repeated; each stands in a block of `in_time`."""
    return Redis.from_url(redis_url, socket_timeout=None, **_OPTIONS)


def in_time() -> asyncio.Timeout:
    """The limit of one command; raises `TimeoutError`, which is an `OSError`.

    Redis' client has limits of its own, but on Python 3.11 it loses cancellations with them:
    whoever was told to stop would go on.
    """
    return asyncio.timeout(COMMAND_SECONDS)


async def listening_connection(redis_url: str) -> AbstractConnection:
    """An open connection of its own, for subscriptions.

    It has no limit on reading and writing: whoever uses it pings.
    """
    pool = ConnectionPool.from_url(redis_url, socket_timeout=None, **_OPTIONS)
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()  # type: ignore[no-untyped-call]
    return connection
