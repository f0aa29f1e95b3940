"""The bus between processes, receiving end: one connection to Redis, a channel for each joined app.

Redis hands messages to a subscriber in order and forgets them, so a message can be lost in one way
only: with the connection. Whenever a connection begins, all joined apps are subscribed anew and,
once Redis has confirmed it, a gap is received. A number in each change tells losses that happened
on the publisher's side.

States of the listener:

    stopped ──start──▶ connecting ──all confirmed──▶ streaming ──silent, broken──▶ waiting
    waiting ──pause over──▶ connecting    any ──stop──▶ stopped
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from realtime.bus.bus import NOBODY, Receiver
from realtime.bus.messages import Beat, Sequence, decode_beat, decode_changes
from realtime.bus.redis_link import Names, listening_connection
from realtime.bus.redis_publisher import GAP
from realtime.changes.source import FeedState, Phase
from wire.observations import BusGap, report

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0
PING_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 6.0  # three pings unanswered
BEAT_SECONDS: Final = 5.0  # without a publisher's sign of life for so long, changes do not arrive
STEADY_SECONDS: Final = 10.0  # a connection that lasted so long starts the pauses anew
CHANNELS_AT_ONCE: Final = 1_000
MAX_WAITING_COMMANDS: Final = 10_000  # that many while Redis takes none: the connection is given up

Commands = asyncio.Queue[tuple[bytes, ...]]

log = logging.getLogger(__name__)


class RedisListener:
    """`Listener`; what arrives on this process's own channel goes to `take_post`."""

    def __init__(
        self,
        redis_url: str,
        machine_id: str,
        take_post: Callable[[bytes], None],
    ) -> None:
        self._redis_url = redis_url
        self._receiver = NOBODY
        self._names = Names.of(redis_url)
        self._own_channel = self._names.process(machine_id)
        self._take_post = take_post
        self._sequences: dict[str, Sequence] = {}
        # Redis confirms each subscription to a channel, in their order.
        self._unconfirmed: dict[bytes, deque[asyncio.Future[None]]] = {}
        self._commands: Commands | None = None
        self._has_overflowed = False
        self._task: asyncio.Task[None] | None = None
        self._live = asyncio.Event()
        self._phase: Phase = "stopped"
        self._heard_at = 0.0
        self._beat: Beat | None = None
        self._beat_at = -math.inf
        self._connections = 0
        self._failure: str | None = None

    @property
    def state(self) -> FeedState:
        """How changes arrive; what the publisher last said of its own feed is part of it."""
        beat, quiet_seconds = self._beat, time.monotonic() - self._beat_at
        hears = self._phase == "streaming" and beat is not None and quiet_seconds <= BEAT_SECONDS
        silence = None if hears else "no wal_worker was heard lately"
        return FeedState(
            phase=self._phase,
            is_live=hears and beat is not None and beat.is_live,
            heard_seconds_ago=None if beat is None else quiet_seconds,
            delivered_lsn=beat.delivered_lsn if beat else 0,
            seen_lsn=beat.seen_lsn if beat else 0,
            connections=self._connections,
            failure=self._failure or silence or (beat.failure if beat else None),
        )

    # -- `ChangeSource` --------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._task is not None:
            raise RuntimeError("the listener was started already")
        self._task = asyncio.create_task(self._run(), name="bus listener")

    async def stop(self) -> None:
        """Disconnect; nothing is received once this has returned."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._phase = "stopped"

    async def wait_until_live(self, timeout_seconds: float) -> None:
        """Wait until this end listens, be a publisher there or not; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_seconds):
            await self._live.wait()

    # -- `Listener` ------------------------------------------------------------------------------

    def attach(self, receiver: Receiver) -> None:
        """`Listener.attach`."""
        self._receiver = receiver

    async def join(self, app_id: str) -> None:
        """`Listener.join`. Without a connection it returns at once: the next begins with a gap."""
        self._sequences[app_id] = Sequence()
        if self._commands is None:
            return
        [confirmed] = self._subscribe(self._names.app(app_id))
        await confirmed

    def leave(self, app_id: str) -> None:
        """`Listener.leave`."""
        self._sequences.pop(app_id, None)
        self._say(b"UNSUBSCRIBE", self._names.app(app_id))

    # -- the connection --------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect for ever; what ends a connection is logged and followed by a pause."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            self._phase = "connecting"
            try:
                await self._connect_and_read()
            except (RedisError, OSError, ExceptionGroup) as error:
                self._failure = f"Redis: {_cause(error)}"
                log.warning("the bus was interrupted: %s", self._failure)
            self._live.clear()
            # Each connection begins with a gap, which costs queries: one that Redis ends again
            # and again, because this process is too slow to read, must not come back at once.
            if time.monotonic() - began > STEADY_SECONDS:
                pause_seconds = FIRST_PAUSE_SECONDS
            self._phase = "waiting"
            await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _connect_and_read(self) -> None:
        connection = await listening_connection(self._redis_url)
        self._connections += 1
        self._heard_at = time.monotonic()
        commands = self._commands = asyncio.Queue(MAX_WAITING_COMMANDS)
        channels = [self._names.everyone, self._names.beats, self._own_channel]
        channels += map(self._names.app, self._sequences)
        self._has_overflowed = False
        for first in range(0, len(channels), CHANNELS_AT_ONCE):
            self._subscribe(*channels[first : first + CHANNELS_AT_ONCE])
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(connection, commands), name="bus writer")
                tasks.create_task(self._ping(), name="bus ping")
                await self._read(connection, set(channels))
        finally:
            self._commands = None
            for channel in list(self._unconfirmed):  # the next connection begins with a gap
                while self._confirm(channel):
                    pass
            await connection.disconnect(nowait=True)

    async def _write(self, connection: AbstractConnection, commands: Commands) -> None:
        """Send commands in the order they were given."""
        while True:
            packed = connection.pack_command(*await commands.get())
            if not connection.is_connected:
                raise ConnectionError("the connection ended")
            await connection.send_packed_command(packed, check_health=False)

    def _say(self, *command: bytes) -> None:
        """Send a command soon; what does not fit ends the connection, and the next makes it up."""
        if self._commands is None:
            return
        try:
            self._commands.put_nowait(command)
        except asyncio.QueueFull:
            self._has_overflowed = True

    async def _ping(self) -> None:
        """Ask Redis for a sign of life, and give the connection up without one."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            if time.monotonic() - self._heard_at > SILENT_SECONDS:
                raise TimeoutError(f"Redis was silent for {SILENT_SECONDS:.0f} s")
            if self._has_overflowed:
                raise TimeoutError(f"Redis took none of {MAX_WAITING_COMMANDS:,} commands")
            self._say(b"PING")

    async def _read(self, connection: AbstractConnection, awaited: set[bytes]) -> None:
        """Take what arrives; once all channels are confirmed, nothing is missed any more."""
        while True:
            reply = await connection.read_response(disable_decoding=True, timeout=math.inf)
            self._heard_at = time.monotonic()
            match reply:
                case [b"message", bytes(channel), bytes(message)]:
                    self._take(channel, message)
                case [b"subscribe", bytes(channel), _]:
                    self._confirm(channel)
                    awaited.discard(channel)
                    if not awaited and not self._live.is_set():
                        self._begin()
                case _:
                    pass  # an answer to PING or UNSUBSCRIBE

    def _begin(self) -> None:
        self._phase = "streaming"
        self._failure = None
        self._receiver.on_gap()
        self._live.set()

    def _subscribe(self, *channels: bytes) -> list[asyncio.Future[None]]:
        """Ask for channels; each is received from when its future is done."""
        loop = asyncio.get_running_loop()
        confirmed = [loop.create_future() for _ in channels]
        for channel, waiting in zip(channels, confirmed, strict=True):
            self._unconfirmed.setdefault(channel, deque()).append(waiting)
        self._say(b"SUBSCRIBE", *channels)
        return confirmed

    def _confirm(self, channel: bytes) -> bool:
        """The oldest subscription that waits for it is done; whether there was one."""
        waiting = self._unconfirmed.get(channel)
        if waiting is None:
            return False
        confirmed = waiting.popleft()
        if not waiting:
            del self._unconfirmed[channel]
        if not confirmed.done():
            confirmed.set_result(None)
        return True

    # -- messages --------------------------------------------------------------------------------

    def _take(self, channel: bytes, message: bytes) -> None:
        if channel == self._names.beats:
            self._beat, self._beat_at = decode_beat(message), time.monotonic()
        elif channel == self._own_channel:
            self._take_post(message)
        elif channel == self._names.everyone:
            if message == GAP:
                self._receiver.on_gap()
        elif app_id := self._names.app_of(channel):
            self._take_changes(app_id, message)

    def _take_changes(self, app_id: str, message: bytes) -> None:
        sequence = self._sequences.get(app_id)
        if sequence is None:
            return  # left a moment ago
        changes, place = decode_changes(message)
        if not sequence.take(place):
            report(BusGap(app_id))
            self._receiver.on_app_gap(app_id)
        self._receiver.deliver(changes)


def _cause(error: BaseException) -> str:
    """The first of what broke a connection, in words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
