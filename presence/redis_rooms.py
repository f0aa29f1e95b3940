"""Rooms that several server processes share through Redis; the promise is `presence.promise`.

Each process decides about its own sessions in its own memory (`presence.memory`), at once, and
passes on what they do: sessions are never written by two processes, so there is nothing to agree
on. What is passed on gathers while Redis is busy, so a burst is one update there too.

While Redis cannot be reached, rooms go on among the sessions of each process, and come together
again afterwards; broadcasts of that time are lost to the other processes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from presence.limits import Limits
from presence.local_room import LocalRoom
from presence.memory import MemoryRooms
from presence.promise import Recipient
from presence.redis_layout import (
    Spoken,
    StoredRoom,
    Swept,
    Update,
    beginnings_of,
    decode_message,
    process_name,
    room_key,
    room_name,
)
from presence.redis_link import LINK_ERRORS, RedisLink
from presence.redis_outbox import Outbox
from presence.redis_processes import BEAT_SECONDS, Processes
from presence.room import Entry, RoomKey
from presence.shared_room import SharedRoom, Verdict
from wire.errors import RateLimited
from wire.observations import RoomsFailed, frames_of, report

RENEW_SECONDS: Final = 20.0  # a third of the time that rooms are kept
FIRST_READ_SECONDS: Final = 2.0  # then a newcomer is told what is known here
RETRY_SECONDS: Final = 0.5
GATHER_SECONDS: Final = 0.005  # what follows at once goes together: a turn costs 0.2 ms of CPU
FAREWELL_SECONDS: Final = 2.0


class RedisRooms:
    """`Rooms` of one of several processes, and the `Watcher` of its own part."""

    def __init__(self, url: str, instance_id: str, *, limits: Limits | None = None) -> None:
        self._process = instance_id
        self._here = MemoryRooms(instance_id, limits=limits, watcher=self)
        self._shared: dict[RoomKey, SharedRoom] = {}
        self._unfollowed: set[RoomKey] = set()  # opened or emptied since the last turn
        self._unread: set[RoomKey] = set()
        self._outbox = Outbox(instance_id, self._here.own_entries)
        self._work_to_do = asyncio.Event()
        self._renewed_at = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._own_beginnings = beginnings_of(instance_id)
        self._link = RedisLink(
            url,
            own_channel=process_name(instance_id),
            on_listening=self._begin_again,
            on_followed=self._on_followed,
            on_message=self._on_message,
        )
        self._processes = Processes(self._link, instance_id)

    # -- the promise ---------------------------------------------------------------------------

    def join(
        self,
        app_id: str,
        room_id: str,
        recipient: Recipient,
        user: Mapping[str, Any] | None,
        data: Any,
    ) -> None:
        """See `Rooms.join`."""
        self._here.join(app_id, room_id, recipient, user, data)

    def leave(self, app_id: str, room_id: str, session_id: str) -> None:
        """See `Rooms.leave`."""
        self._here.leave(app_id, room_id, session_id)

    def leave_all(self, session_id: str) -> None:
        """See `Rooms.leave_all`."""
        self._here.leave_all(session_id)

    def set_presence(self, app_id: str, room_id: str, session_id: str, data: Any) -> None:
        """See `Rooms.set_presence`."""
        self._here.set_presence(app_id, room_id, session_id, data)

    def sign_out(self, session_id: str) -> None:
        """See `Rooms.sign_out`."""
        self._here.sign_out(session_id)

    def broadcast(
        self, app_id: str, room_id: str, session_id: str, topic: str, data: Any
    ) -> dict[str, Any]:
        """See `Rooms.broadcast`."""
        if self._outbox.is_full:
            raise RateLimited("Broadcasts come faster than they can be passed on.")
        return self._here.broadcast(app_id, room_id, session_id, topic, data)

    async def look(self, app_id: str, room_id: str) -> Mapping[str, Entry]:
        """See `Rooms.look`; raises `redis_link.LINK_ERRORS`."""
        [stored] = await self._processes.read([RoomKey(app_id, room_id)])
        return stored.without(await self._processes.dead(stored.numbers)).entries

    async def start(self) -> None:
        """See `Rooms.start`; raises `redis_link.LINK_ERRORS` if Redis does not answer."""
        await self._processes.beat(())
        work = {"listen": self._link.listen, "beat": self._keep_alive, "pass on": self._pass_on}
        for name, run in work.items():
            task = asyncio.create_task(self._keep_running(run), name=f"rooms: {name}")
            self._tasks.append(task)

    async def stop(self) -> None:
        """See `Rooms.stop`."""
        await self._here.stop()
        self._link.is_closing = True
        self._work_to_do.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*LINK_ERRORS):  # what could not be said, the expiring key says
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._outbox.push(self._link.redis)
                await self._processes.say_goodbye()
        await self._link.close()

    async def _keep_running(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run a loop until closing; what it does not expect is reported, and it goes on."""
        while not self._link.is_closing:
            try:
                await run()
            except Exception as error:  # noqa: BLE001  # the edge of a loop that must go on
                name = f"{type(error).__module__}.{type(error).__qualname__}"
                report(RoomsFailed(name, frames_of(error)))
                await asyncio.sleep(RETRY_SECONDS)

    # -- what sessions of this process do ------------------------------------------------------

    def opened(self, key: RoomKey, room: LocalRoom) -> None:
        """See `Watcher.opened`: nobody is told anything until the others in the room are known."""
        room.hold()
        asyncio.get_running_loop().call_later(FIRST_READ_SECONDS, room.release)
        self._shared[key] = SharedRoom()
        self._outbox.open(key)
        self._unfollowed.add(key)
        self._work_to_do.set()

    def changed(self, key: RoomKey, session_id: str) -> None:
        """See `Watcher.changed`."""
        self._outbox.note_change(key, session_id)
        self._work_to_do.set()

    def emptied(self, key: RoomKey) -> None:
        """See `Watcher.emptied`."""
        del self._shared[key]
        self._outbox.close(key)
        self._unread.discard(key)
        self._unfollowed.add(key)
        self._work_to_do.set()

    def said(self, key: RoomKey, session_id: str, frame: str) -> None:
        """See `Watcher.said`."""
        self._outbox.note_broadcast(key, session_id, frame)
        self._work_to_do.set()

    # -- what goes to Redis --------------------------------------------------------------------

    async def _pass_on(self) -> None:
        """Follow, tell, read, in turns, until closing."""
        while not self._link.is_closing:
            await self._work_to_do.wait()
            self._work_to_do.clear()
            try:
                await self._follow()
                await self._outbox.push(self._link.redis)
                await self._read()
                self._link.succeeded()
                await asyncio.sleep(GATHER_SECONDS)
            except LINK_ERRORS as error:
                self._link.failed(error)
                self._put_back_everything()
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        checked, self._unfollowed = self._unfollowed, set()
        new = [room_name(key) for key in checked if key in self._shared]
        old = [room_name(key) for key in checked if key not in self._shared]
        await self._link.follow(new, old)

    async def _read(self) -> None:
        """Read every room that is to be read, in two questions."""
        keys, self._unread = list(self._unread), set()
        if not keys:
            return
        try:
            rooms = await self._processes.read(keys)
            dead = await self._processes.dead({name for room in rooms for name in room.numbers})
        except BaseException:
            self._unread.update(key for key in keys if key in self._shared)
            raise
        for key, stored in zip(keys, rooms, strict=True):
            self._take_stored(key, stored.without(dead))
        for key, stored in zip(keys, rooms, strict=True):
            await self._processes.sweep(key, dead & stored.numbers.keys())

    def _put_back_everything(self) -> None:
        """Redis may have forgotten this process: say everything again."""
        for key in self._shared:
            self._outbox.note_everything(key)
        self._work_to_do.set()

    async def _keep_alive(self) -> None:
        """Renew this process's key, and look for those of the others, until closing."""
        while not self._link.is_closing:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                if not await self._processes.beat(self._rooms_to_renew()):
                    self._put_back_everything()
                await self._sweep_the_dead()
                self._link.succeeded()
            except LINK_ERRORS as error:
                self._link.failed(error)

    def _rooms_to_renew(self) -> list[RoomKey]:
        now = time.monotonic()
        if now - self._renewed_at < RENEW_SECONDS:
            return []
        self._renewed_at = now
        return list(self._shared)

    async def _sweep_the_dead(self) -> None:
        others = {process for shared in self._shared.values() for process in shared.numbers}
        dead = await self._processes.dead(others)
        affected = [
            (key, dead & shared.numbers.keys())
            for key, shared in self._shared.items()
            if not dead.isdisjoint(shared.numbers)
        ]
        for key, dead_here in affected:
            await self._processes.sweep(key, dead_here)

    # -- what comes from Redis -----------------------------------------------------------------

    def _begin_again(self) -> list[str]:
        """The listening line is new: say everything again and follow every room."""
        self._put_back_everything()
        self._unfollowed.clear()
        return [room_name(key) for key in self._shared]

    def _on_followed(self, name: str) -> None:
        """From now on the room's updates arrive, so reading it misses nothing."""
        key = room_key(name)
        if key in self._shared:
            self._read_again(key)

    def _on_message(self, name: str, text: bytes) -> None:
        key = room_key(name)
        shared = self._shared.get(key)
        if shared is None or text.startswith(self._own_beginnings):
            return
        match decode_message(text):
            case Spoken(_, sender, frame):
                self._here.hear(key, sender, frame)
            case Update() | Swept() as message if shared.is_reading:
                if not shared.wait(message):
                    self._read_again(key)
            case message:
                self._take(key, shared, message)

    def _take(self, key: RoomKey, shared: SharedRoom, message: Update | Swept) -> None:
        match message:
            case Swept(process) if process == self._process:
                self._outbox.note_everything(key)
                self._work_to_do.set()
            case Swept(process):
                shared.forget(process)
                self._remove_process(key, process)
            case Update():
                self._take_update(key, shared, message)

    def _take_update(self, key: RoomKey, shared: SharedRoom, update: Update) -> None:
        match shared.judge(update):
            case Verdict.TAKE if update.is_farewell:
                self._remove_process(key, update.process)
            case Verdict.TAKE:
                self._here.take_over(key, update.placed, update.removed)
            case Verdict.READ_AGAIN:
                self._read_again(key)
            case Verdict.IGNORE:
                pass

    def _read_again(self, key: RoomKey) -> None:
        self._shared[key].begin_reading()
        self._unread.add(key)
        self._work_to_do.set()

    def _take_stored(self, key: RoomKey, stored: StoredRoom) -> None:
        """Show the room as it was read, then what was said while it was read."""
        shared, room = self._shared.get(key), self._here.rooms.get(key)
        if shared is None or room is None or key in self._unread:
            return
        stored = stored.without({self._process})
        gone = [peer_id for peer_id in room.state.entries if peer_id not in stored.entries]
        self._here.take_over(key, stored.entries.values(), gone)
        room.release()
        for message in shared.finish_reading(stored.numbers):
            self._take(key, shared, message)

    def _remove_process(self, key: RoomKey, process: str) -> None:
        room = self._here.rooms[key]
        entries = room.state.entries.values()
        gone = [entry.peer_id for entry in entries if entry.instance_id == process]
        self._here.take_over(key, (), gone)
