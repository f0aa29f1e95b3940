"""The bus between processes, publishing end: changes of an app go to its channel in Redis."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from realtime.bus.messages import Beat, Place, encode_beat, encode_changes
from realtime.bus.redis_link import Names, client, in_time
from realtime.changes.change import TxChanges
from wire import ids

MAX_WAITING_BYTES: Final = 1024 * 1024  # of one batch
MAX_SEQUENCES: Final = 100_000  # apps; one that is forgotten begins again, which is a gap to it

GAP: Final = b"gap"


class RedisPublisher:
    """`Publisher`; what it takes goes out in batches, one round trip each."""

    def __init__(self, redis_url: str) -> None:
        self.id = ids.new_id()
        self._names = Names.of(redis_url)
        self._redis = client(redis_url)
        self._waiting: list[tuple[bytes, bytes]] = []
        self._waiting_bytes = 0
        self._numbers: OrderedDict[str, int] = OrderedDict()

    async def publish(self, changes: TxChanges) -> None:
        """`Publisher.publish`."""
        message = encode_changes(changes, Place(self.id, self._next_number(changes.app_id)))
        self._waiting.append((self._names.app(changes.app_id), message))
        self._waiting_bytes += len(message)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """`Publisher.flush`; raises `redis.RedisError` or `OSError`."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not waiting:
            return
        async with in_time(), self._redis.pipeline(transaction=False) as pipeline:
            for channel, message in waiting:
                pipeline.publish(channel, message)
            await pipeline.execute()

    async def announce_gap(self) -> None:
        """`Publisher.announce_gap`; what was taken before is of no use after it."""
        self._waiting, self._waiting_bytes = [], 0
        async with in_time():
            await self._redis.publish(self._names.everyone, GAP)

    async def beat(self, beat: Beat) -> None:
        """Say that this publisher lives."""
        async with in_time():
            await self._redis.publish(self._names.beats, encode_beat(beat))

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    def _next_number(self, app_id: str) -> int:
        number = self._numbers.pop(app_id, 0) + 1
        self._numbers[app_id] = number
        if len(self._numbers) > MAX_SEQUENCES:
            self._numbers.popitem(last=False)
        return number
