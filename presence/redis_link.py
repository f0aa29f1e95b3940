"""Two lines from a process to Redis: one that asks, one that listens (redis.asyncio).

The listening line is opened again whenever it breaks; whoever is told `on_listening` then has to
assume that messages were missed. Redis's own retries are off: a command that failed may have been
carried out, and only the caller knows whether saying it again does harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from wire.observations import RoomsOffline, RoomsOnline, report

COMMAND_SECONDS: Final = 3.0
CONNECT_SECONDS: Final = 2.0
SILENCE_SECONDS: Final = 6.0  # the process pings itself more often; beyond it the line is dead
RECONNECT_SECONDS: Final = 0.5

LINK_ERRORS: Final = (RedisError, OSError, TimeoutError)
"""What a Redis that cannot be reached, or answers nonsense, raises."""


class RedisLink:
    """See the module. Names are of channels."""

    def __init__(
        self,
        url: str,
        *,
        own_channel: str,
        on_listening: Callable[[], Iterable[str]],
        on_followed: Callable[[str], None],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        """`on_listening` says which channels to follow, at the start and after every break."""
        self.redis: Redis = Redis.from_url(
            url,
            socket_timeout=COMMAND_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._own_channel = own_channel
        self._on_listening = on_listening
        self._on_followed = on_followed
        self._on_message = on_message
        self._listening: PubSub | None = None
        # A cancellation that meets an answer on its way can be lost inside redis-py, so whoever
        # waits for Redis in a loop looks here as well.
        self.is_closing = False
        self._is_offline = False

    async def listen(self) -> None:
        """Listen until cancelled, or closing."""
        while not self.is_closing:
            try:
                await self._listen_until_broken()
            except LINK_ERRORS as error:
                self.failed(error)
            finally:
                self._listening = None
            await asyncio.sleep(RECONNECT_SECONDS)

    async def follow(self, new: Iterable[str], old: Iterable[str]) -> None:
        """Hear of the new channels, and no longer of the old ones.

        `on_followed` comes for each new one when it is heard. While the line is broken this does
        nothing: what is to be followed is asked for when it is back.
        """
        new, old = list(new), list(old)
        if self._listening is not None and old:
            await self._listening.unsubscribe(*old)
        if self._listening is not None and new:
            await self._listening.subscribe(*new)

    def failed(self, error: BaseException) -> None:
        """Note that Redis cannot be reached; reported once an outage."""
        if not self._is_offline:
            self._is_offline = True
            report(RoomsOffline(f"{type(error).__module__}.{type(error).__qualname__}"))

    def succeeded(self) -> None:
        """Note that Redis answers."""
        if self._is_offline:
            self._is_offline = False
            report(RoomsOnline())

    async def close(self) -> None:
        """Hang up."""
        await self.redis.aclose()

    async def _listen_until_broken(self) -> None:
        pubsub = self.redis.pubsub()
        try:
            await pubsub.subscribe(self._own_channel)
            self._listening = pubsub
            channels = list(self._on_listening())
            if channels:
                await pubsub.subscribe(*channels)
            while not self.is_closing:
                self._take(await pubsub.get_message(timeout=SILENCE_SECONDS))
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py has no types here

    def _take(self, message: dict[str, Any] | None) -> None:
        if message is None:
            raise TimeoutError("nothing was heard, not even this process's own pings")
        name = message["channel"].decode()
        if name == self._own_channel:
            return
        if message["type"] == "subscribe":
            self._on_followed(name)
        elif message["type"] == "message":
            self._on_message(name, message["data"])
