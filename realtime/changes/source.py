"""The change feed: every committed transaction, in commit order, or word that some were missed.

Hand-over, exactly. Whenever a connection to the log begins that does not continue where the last
one ended, `on_gap` is called once, before anything of that connection is delivered. At that moment
every transaction that will not be delivered is visible to new snapshots, and every other one will
be delivered. So whoever answers its live queries again after `on_gap`, and those that a delivered
change touches after each `deliver`, misses nothing. Transactions may be delivered whose effect an
earlier answer already showed.

The log's position is acknowledged only after `deliver`, and a `flush` after it, have returned:
`flush` is called once for all that arrived together. If `deliver`, `on_gap`
or `flush` raises, the connection is given up, and the next one begins with a gap, or again with
what was not acknowledged, as the slot has it.

States of the feed:

    stopped ──start──▶ connecting ──slot ready, stream open──▶ streaming
    connecting ──failed──▶ waiting        streaming ──failed, silent──▶ waiting
    waiting ──pause over──▶ connecting    any ──stop──▶ stopped
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import psycopg

from realtime.changes.change import TxChanges
from realtime.changes.sort_key_repair import Repair, SortKeyRepair
from realtime.changes.wal.assemble import Assembler, Committed
from realtime.changes.wal.pgoutput import Decoder
from realtime.changes.wal.slot import Slot, TemporarySlot
from realtime.changes.wal.stream import Keepalive, ReplicationStream
from realtime.visibility import wait_until_visible

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
STEADY_SECONDS = 10.0  # a connection that lasted so long starts the pauses anew
VISIBLE_SECONDS = 30.0
CLOSE_SECONDS = 5.0
SLICE_SECONDS = 0.001  # a busy log must leave the event loop to others in between
ACKNOWLEDGE_SECONDS = 0.1  # what was delivered in this time comes twice where a reader is killed
MAX_LAG_BYTES = 64 * 1024 * 1024  # four segments of the log; a guess at what minutes of delay hold

log = logging.getLogger(__name__)

Phase = Literal["stopped", "connecting", "streaming", "waiting"]
Deliver = Callable[[TxChanges], Awaitable[None] | None]
OnGap = Callable[[], Awaitable[None] | None]
Flush = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a quiet server is trusted.

    - `status_seconds`: between two words to a server that has nothing to tell, and before it is
      asked for a sign of life. PostgreSQL drops a reader that says nothing for 60 s by default.
    - `live_seconds`: after that much silence the feed is not called live any more. The default is
      three unanswered questions.
    - `silent_seconds`: after that much silence the link is given up.
    """

    status_seconds: float = 5.0
    live_seconds: float = 15.0
    silent_seconds: float = 45.0


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class FeedState:
    """What a feed can say about itself. Positions are bytes of the log.

    `delivered_lsn`: everything before it was delivered. `seen_lsn`: the newest position the server
    mentioned. `heard_seconds_ago`: since the last frame; None before the first. `is_live`: changes
    arrive, since the stream is open and was heard lately.
    """

    phase: Phase
    is_live: bool
    heard_seconds_ago: float | None
    delivered_lsn: int
    seen_lsn: int
    connections: int
    failure: str | None

    @property
    def lag_bytes(self) -> int:
        """How much of the log that the server mentioned was not delivered yet."""
        return max(0, self.seen_lsn - self.delivered_lsn)


class ChangeSource(Protocol):
    """Where committed changes come from; the module's docstring is its promise."""

    @property
    def state(self) -> FeedState:
        """How it is doing, now."""
        ...

    async def start(self) -> None:
        """Begin; returns before the source is live."""
        ...

    async def stop(self) -> None:
        """End; nothing is delivered once this has returned."""
        ...

    async def wait_until_live(self, timeout_seconds: float) -> None:
        """Wait until changes arrive, and those missed before were told; raises `TimeoutError`."""
        ...


class ChangeFeed:
    """The change source that reads PostgreSQL's log; it connects again for as long as it runs.

    `deliver` and `on_gap` may be plain or async functions; one is called at a time. They are waited
    for, so they should only note and enqueue. `repair(app_id)` is asked to fill missing sort keys.
    """

    def __init__(
        self,
        database_url: str,
        deliver: Deliver,
        on_gap: OnGap,
        *,
        flush: Flush | None = None,
        repair: Repair | None = None,
        slot: Slot | None = None,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._database_url = database_url
        self._deliver = deliver
        self._on_gap = on_gap
        self._flush = flush
        self._repair = None if repair is None else SortKeyRepair(repair)
        self._slot = TemporarySlot() if slot is None else slot
        self._patience = patience
        self._task: asyncio.Task[None] | None = None
        self._live = asyncio.Event()
        self._phase: Phase = "stopped"
        self._heard_at: float | None = None
        self._acknowledged_at = 0.0
        self._acknowledged_lsn = 0
        self._delivered_lsn = 0
        self._seen_lsn = 0
        self._connections = 0
        self._failure: str | None = None

    @property
    def state(self) -> FeedState:
        """How the feed is doing, now."""
        quiet_seconds = None if self._heard_at is None else time.monotonic() - self._heard_at
        return FeedState(
            phase=self._phase,
            is_live=(
                self._phase == "streaming"
                and quiet_seconds is not None
                and quiet_seconds <= self._patience.live_seconds
            ),
            heard_seconds_ago=quiet_seconds,
            delivered_lsn=self._delivered_lsn,
            seen_lsn=self._seen_lsn,
            connections=self._connections,
            failure=self._failure,
        )

    async def start(self) -> None:
        """Begin to connect; returns at once. Calling it twice is an error."""
        if self._task is not None:
            raise RuntimeError("the change feed was started already")
        self._phase = "connecting"
        self._task = asyncio.create_task(self._run(), name="change feed")

    async def stop(self) -> None:
        """Disconnect; nothing is delivered once this has returned."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._repair is not None:
            await self._repair.stop()
        self._phase = "stopped"

    async def wait_until_live(self, timeout_seconds: float) -> None:
        """Wait until changes arrive and `on_gap` has returned; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_seconds):
            await self._live.wait()

    # -- connecting --------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect for ever; what ends a connection is logged and followed by a pause."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            self._phase = "connecting"
            try:
                await self._connect_and_read()
            except Exception as error:
                self._failure = f"{type(error).__name__}: {error}".strip()
                log.warning("the change feed was interrupted: %s", self._failure)
                log.debug("the interruption", exc_info=True)
            finally:
                self._live.clear()
            self._phase = "waiting"
            if time.monotonic() - began > STEADY_SECONDS:
                pause_seconds = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _connect_and_read(self) -> None:
        stream = await ReplicationStream.open(self._database_url, self._slot, self._announce_gap)
        try:
            self._connections += 1
            self._acknowledged_at = 0.0
            self._heard_at = time.monotonic()
            self._acknowledged_lsn = self._delivered_lsn = self._seen_lsn = stream.slot.position
            self._phase = "streaming"
            self._failure = None
            self._live.set()
            await self._read(stream)
        finally:
            async with asyncio.timeout(CLOSE_SECONDS):
                await stream.close()

    # -- reading -----------------------------------------------------------------------------

    async def _read(self, stream: ReplicationStream) -> None:
        """Deliver what arrives until the stream breaks or falls silent."""
        decoder, assembler = Decoder(), Assembler()
        while True:
            position = self._delivered_lsn
            slice_began = time.monotonic()
            for frame in stream.received():
                self._heard_at = time.monotonic()
                if self._heard_at - slice_began > SLICE_SECONDS:
                    await asyncio.sleep(0)
                    slice_began = time.monotonic()
                if isinstance(frame, Keepalive):
                    self._seen_lsn = max(self._seen_lsn, frame.wal_end)
                    if assembler.is_between_transactions:
                        position = max(position, frame.wal_end)
                    if frame.reply_requested:
                        self._acknowledge(stream, ask_for_reply=False)
                    continue
                committed = assembler.feed(decoder.decode(frame))
                if committed is not None:
                    await self._hand_over(committed)
                    position = max(position, committed.end_lsn)
            if self._flush is not None:
                await self._flush()
            self._move_to(position)
            self._keep_alive(stream)
            await stream.wait(self._seconds_to_acknowledge())

    async def _announce_gap(self) -> None:
        await _finished(self._on_gap())

    async def _hand_over(self, committed: Committed) -> None:
        """Deliver one transaction."""
        if committed.everything:
            await self._until_visible(committed.xid)
            await self._announce_gap()
        for changes in committed.changes:
            await _finished(self._deliver(changes))
            if changes.sort_keys_missing and self._repair is not None:
                self._repair.request(changes.app_id)

    async def _until_visible(self, xid: int) -> None:
        """`on_gap` promises visible transactions; this one was read from the log."""
        async with await psycopg.AsyncConnection.connect(
            self._database_url, autocommit=True
        ) as conn:
            await wait_until_visible(conn, xid, VISIBLE_SECONDS)

    def _keep_alive(self, stream: ReplicationStream) -> None:
        """Say where this side is, ask a quiet server to answer, give up on a silent one."""
        now = time.monotonic()
        quiet_seconds = now - (self._heard_at or now)
        if quiet_seconds > self._patience.silent_seconds:
            raise TimeoutError(f"nothing was heard for {quiet_seconds:.0f} s")
        if self._seconds_to_acknowledge() <= 0:
            half_seconds = self._patience.status_seconds / 2
            self._acknowledge(stream, ask_for_reply=quiet_seconds >= half_seconds)

    def _seconds_to_acknowledge(self) -> float:
        """Until the server is to be told where this side is."""
        has_news = self._delivered_lsn > self._acknowledged_lsn
        between = ACKNOWLEDGE_SECONDS if has_news else self._patience.status_seconds
        return max(0.0, self._acknowledged_at + between - time.monotonic())

    def _acknowledge(self, stream: ReplicationStream, *, ask_for_reply: bool) -> None:
        stream.acknowledge(self._delivered_lsn, ask_for_reply=ask_for_reply)
        self._acknowledged_lsn = self._delivered_lsn
        self._acknowledged_at = time.monotonic()

    def _move_to(self, position: int) -> None:
        self._delivered_lsn = max(self._delivered_lsn, position)
        self._seen_lsn = max(self._seen_lsn, position)


async def _finished(outcome: Awaitable[None] | None) -> None:
    if inspect.isawaitable(outcome):
        await outcome
