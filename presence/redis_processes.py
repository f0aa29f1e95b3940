"""Which server processes are alive, and removing from rooms those that are not.

A process lives as long as its key. Whoever notices that a key has expired removes what that process
has in a room and says so on the room's channel; a process that was only slow hears it there, or
finds its own key gone, and puts its sessions back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from presence.redis_layout import (
    StoredRoom,
    Swept,
    encode_message,
    number_field,
    process_name,
    room_name,
    stored_room,
)
from presence.redis_link import RedisLink
from presence.redis_outbox import ROOM_SECONDS
from presence.room import RoomKey

ALIVE_SECONDS: Final = 6.0  # a dead process is gone after this and one more beat
BEAT_SECONDS: Final = 1.5


class Processes:
    """The server process among the others. Everything here raises `redis_link.LINK_ERRORS`."""

    def __init__(self, link: RedisLink, process: str) -> None:
        self._link = link
        self._process = process

    async def beat(self, renewed: Iterable[RoomKey]) -> bool:
        """Renew this process's key, and these rooms; False if the key had expired."""
        name = process_name(self._process)
        pipeline = self._pipeline(transaction=False)
        pipeline.set(name, b"alive", px=int(ALIVE_SECONDS * 1000), get=True)
        pipeline.publish(name, b"")  # a line on which this is not heard is dead
        for key in renewed:
            pipeline.expire(room_name(key), ROOM_SECONDS)
        answers = await pipeline.execute()
        return answers[0] is not None

    async def dead(self, processes: Iterable[str]) -> set[str]:
        """Those of the processes whose key has expired; never this one."""
        asked = sorted(set(processes) - {self._process})
        if not asked:
            return set()
        keys = await self._link.redis.mget([process_name(process) for process in asked])
        return {process for process, found in zip(asked, keys, strict=True) if found is None}

    async def read(self, keys: Iterable[RoomKey]) -> list[StoredRoom]:
        """Rooms as they are in Redis."""
        pipeline = self._pipeline(transaction=False)
        for key in keys:
            pipeline.hgetall(room_name(key))
        return [stored_room(fields) for fields in await pipeline.execute()]

    async def sweep(self, key: RoomKey, dead: Iterable[str]) -> None:
        """Remove what dead processes have in a room, and tell whoever is in it."""
        for process in dead:
            [stored] = await self.read([key])
            left = [
                entry.peer_id for entry in stored.entries.values() if entry.instance_id == process
            ]
            pipeline = self._pipeline(transaction=True)
            pipeline.hdel(room_name(key), number_field(process), *left)
            pipeline.publish(room_name(key), encode_message(Swept(process)))
            await pipeline.execute()

    async def say_goodbye(self) -> None:
        """Let this process's key go at once."""
        await self._link.redis.delete(process_name(self._process))

    def _pipeline(self, *, transaction: bool) -> Any:
        return self._link.redis.pipeline(transaction=transaction)
