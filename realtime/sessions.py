"""One connected client: what it is, what it subscribed to, and its bounded way out.

A session knows nothing of WebSockets or SSE; a `Transport` carries its frames. Everything here is
memory of this process: a client that reconnects gets a new session (realtime.md §11.1).

States and moves:

    opened ──init-ok──▶ authenticated ──close──▶ closed
    opened ──close──▶ closed
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from wire import ids

if TYPE_CHECKING:
    from realtime.subscriptions.app_state import AppState
    from realtime.subscriptions.live_query import Subscription
    from realtime.subscriptions.tx_ids import TxIds

MAX_UNSENT_BYTES = 64 * 1024 * 1024  # one very large answer must fit; a stuck reader must not grow
BEHIND_BYTES = 256 * 1024  # more than this unsent: what can be summed up later is not sent now
FAREWELL_SECONDS = 1.0  # for the close frame to leave; whoever reads at all needs milliseconds
SLOW_READER = 1013  # WebSocket close code "try again later"

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-dev)?\Z")
_SKIP_ATTRS_AFTER = (0, 20, 4)


class Transport(Protocol):
    """Carries frames of one connection."""

    async def send_text(self, text: str) -> None:
        """Hand a frame to the network; waits while the peer does not read."""

    async def close(self, code: int, reason: str) -> None:
        """End the connection."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the client's version understands (realtime.md §4.2)."""

    skips_unchanged_attrs: bool = False

    @classmethod
    def of(cls, versions: Any) -> Features:
        """Read `init`'s versions; anything unreadable means no features."""
        core = versions.get("@instantdb/core") if isinstance(versions, dict) else None
        match = _VERSION.match(core) if isinstance(core, str) else None
        if match is None:
            return cls()
        version = tuple(int(part) for part in match.groups())
        return cls(skips_unchanged_attrs=version > _SKIP_ATTRS_AFTER)


class Inbox:
    """How much of a session's input waits to be handled, and word of it getting less."""

    def __init__(self) -> None:
        self.frames = 0
        self.size = 0
        self._less = asyncio.Event()

    def add(self, size: int) -> None:
        """A frame of this many characters begins to wait."""
        self.frames += 1
        self.size += size

    def take(self, size: int) -> None:
        """A frame of this many characters is handled now."""
        self.frames -= 1
        self.size -= size
        self._less.set()

    async def wait_for_less(self) -> None:
        """Return after the next frame was taken."""
        self._less.clear()
        await self._less.wait()


@dataclass(eq=False, slots=True)
class Session:
    """One connection's memory.

    - `app`: set by `init`.
    - `token_hash`: of the refresh token that `user` was known by; `init_event_id`: the op that
      showed it. Streams of admins have no such op.
    - `attrs_version`: of the attr list that the client has; negative before `init-ok`.
    - `infers_single_links`: how the session wants answers as trees.
    - `wrote`: its own transactions.
    """

    transport: Transport
    origin: str | None = None
    ip: str | None = None
    id: str = field(default_factory=ids.new_id)
    app: AppState | None = None
    user: dict[str, Any] | None = None
    token_hash: str | None = None
    init_event_id: Any = None
    is_admin: bool = False
    features: Features = Features()
    infers_single_links: bool = False
    attrs_version: int = -1
    wrote: TxIds | None = None
    subscriptions: dict[bytes, Subscription] = field(default_factory=dict)
    changed: dict[bytes, Subscription] = field(default_factory=dict)
    flush_timer: asyncio.TimerHandle | None = None
    running: set[asyncio.Timeout] = field(default_factory=set)
    inbox: Inbox = field(default_factory=Inbox)
    closed: bool = False
    _unsent: deque[str] = field(default_factory=deque)
    _unsent_bytes: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _disconnected: asyncio.Event = field(default_factory=asyncio.Event)
    _close_with: tuple[int, str] | None = None

    @property
    def is_authenticated(self) -> bool:
        """Whether `init-ok` was sent."""
        return self.app is not None and self.attrs_version >= 0

    @property
    def is_behind(self) -> bool:
        """Whether the client reads slowly enough for much to be unsent."""
        return self._unsent_bytes > BEHIND_BYTES

    @property
    def unsent_bytes(self) -> int:
        """How much waits for the client to read."""
        return self._unsent_bytes

    def send(self, frame: bytes) -> None:
        """Queue a frame for the client; a reader too slow for the bound is disconnected."""
        self.send_text(frame.decode())

    def send_text(self, text: str) -> None:
        """`send` for a frame that is already text (shared between sessions)."""
        if self.closed:
            return
        self._unsent.append(text)
        self._unsent_bytes += len(text)
        if self._unsent_bytes > MAX_UNSENT_BYTES and len(self._unsent) > 1:
            self.disconnect(SLOW_READER, "the client reads too slowly")
        self._wake.set()

    def disconnect(self, code: int, reason: str) -> None:
        """Ask the writer to end the connection; unsent frames are dropped."""
        self._close_with = (code, reason)
        self._disconnected.set()
        self._unsent.clear()
        self._unsent_bytes = 0
        self._wake.set()

    async def cut_off(self) -> None:
        """Return once the session was disconnected and had its chance to say so to the client.

        A client that does not read never lets the writer finish.
        """
        await self._disconnected.wait()
        await asyncio.sleep(FAREWELL_SECONDS)

    async def write_frames(self) -> None:
        """Send what is queued, one frame at a time, until cancelled or disconnected."""
        while self._close_with is None:
            await self._wake.wait()
            self._wake.clear()
            while self._unsent and self._close_with is None:
                text = self._unsent.popleft()
                await self.transport.send_text(text)
                self._unsent_bytes -= len(text) if self._close_with is None else 0
        await self.transport.close(*self._close_with)

    def interrupt(self) -> None:
        """Mark the session closed and cancel the operations running for it."""
        self.closed = True
        if self.flush_timer is not None:
            self.flush_timer.cancel()
            self.flush_timer = None
        now = asyncio.get_running_loop().time()
        for deadline in self.running:
            if not deadline.expired():  # else it is cancelled already, which may take a while
                deadline.reschedule(now)
