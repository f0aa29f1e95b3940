"""What sessions of this process did and the others have not been told yet.

It gathers while Redis is busy or away: of a session only the newest state goes out, in one
transaction with everything else that waits. A push that failed may have been carried out, so what
sessions say is said again; broadcasts are not, since a late or a second one does harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from redis.asyncio import Redis

from presence.redis_layout import (
    Spoken,
    Update,
    encode_entry,
    encode_message,
    number_field,
    room_name,
)
from presence.room import Entry, RoomKey

MAX_WAITING_BROADCASTS: Final = 10_000
MAX_WAITING_CHARACTERS: Final = 32 * 1024 * 1024
ROOM_SECONDS: Final = 60  # what is left of a room when nobody renews it


class Outbox:
    """See the module; `own_entries` gives the entries of this process's sessions in a room."""

    def __init__(self, process: str, own_entries: Callable[[RoomKey], Mapping[str, Entry]]) -> None:
        self._process = process
        self._own_entries = own_entries
        self._number = 0
        self._last_numbers: dict[RoomKey, int] = {}  # of the rooms that are open here
        self._changed: dict[RoomKey, set[str]] = {}
        self._published: dict[RoomKey, set[str]] = {}  # sessions that Redis may have as ours
        self._spoken: list[tuple[RoomKey, Spoken]] = []
        self._spoken_characters = 0

    @property
    def is_full(self) -> bool:
        """Whether no more broadcasts can wait."""
        return (
            len(self._spoken) >= MAX_WAITING_BROADCASTS
            or self._spoken_characters > MAX_WAITING_CHARACTERS
        )

    def open(self, key: RoomKey) -> None:
        """Sessions of this process are in the room from now on."""
        self._last_numbers[key] = 0

    def close(self, key: RoomKey) -> None:
        """No session of this process is in the room any more; the next update says so."""
        del self._last_numbers[key]

    def note_change(self, key: RoomKey, session_id: str) -> None:
        """A session joined, left, or says something else."""
        self._changed.setdefault(key, set()).add(session_id)

    def note_everything(self, key: RoomKey) -> None:
        """Say again what all sessions of this process say in a room."""
        self._changed.setdefault(key, set()).update(self._own_entries(key))

    def note_broadcast(self, key: RoomKey, sender_id: str, frame: str) -> None:
        """A session broadcast something."""
        self._spoken.append((key, Spoken(self._process, sender_id, frame)))
        self._spoken_characters += len(frame)

    async def push(self, redis: Redis) -> None:
        """Tell the others what waits; raises `redis_link.LINK_ERRORS`."""
        changed, self._changed = self._changed, {}
        spoken, self._spoken, self._spoken_characters = self._spoken, [], 0
        if not changed and not spoken:
            return
        pipeline = redis.pipeline(transaction=True)
        try:
            updates = {key: self._add_update(pipeline, key, ids) for key, ids in changed.items()}
            for key, message in spoken:
                pipeline.publish(room_name(key), encode_message(message))
            await pipeline.execute()
        except BaseException:
            self._say_again(changed)
            raise
        for key, update in updates.items():
            self._unpublish(key, update.removed)

    def _add_update(self, pipeline: Any, key: RoomKey, session_ids: set[str]) -> Update:
        name, number = room_name(key), number_field(self._process)
        update = self._next_update(key, session_ids)
        if update.placed:
            fields = {entry.peer_id: encode_entry(entry) for entry in update.placed}
            pipeline.hset(name, mapping=fields)
        if update.is_farewell:
            pipeline.hdel(name, number, *update.removed)
        else:
            pipeline.hset(name, number, str(update.number))
            pipeline.expire(name, ROOM_SECONDS)
            if update.removed:
                pipeline.hdel(name, *update.removed)
        pipeline.publish(name, encode_message(update))
        return update

    def _next_update(self, key: RoomKey, session_ids: set[str]) -> Update:
        own = self._own_entries(key)
        published = self._published.setdefault(key, set())
        placed = tuple(own[each] for each in session_ids if each in own)
        removed = tuple(each for each in session_ids if each not in own and each in published)
        published.update(entry.peer_id for entry in placed)
        self._number += 1
        previous = self._last_numbers.get(key)
        if previous is None:
            return Update(self._process, self._number, 0, placed, removed, is_farewell=True)
        self._last_numbers[key] = self._number
        return Update(self._process, self._number, previous, placed, removed)

    def _unpublish(self, key: RoomKey, removed: tuple[str, ...]) -> None:
        published = self._published[key]
        published.difference_update(removed)
        if not published:
            del self._published[key]

    def _say_again(self, changed: Mapping[RoomKey, set[str]]) -> None:
        """Put back what Redis may not know; what it has never heard of need not be unsaid."""
        for key, session_ids in changed.items():
            known = self._published.get(key, set()) | self._own_entries(key).keys()
            if session_ids & known:
                self._changed.setdefault(key, set()).update(session_ids & known)
