"""Starting and stopping what one server process runs beside its requests.

Start order: connections, then the hub and its queue, then the change feed, which needs both. The
first thing the feed does is say that there may be a gap; a session that arrives earlier is served,
and its queries are answered again then. Stop order is the reverse, after the sockets were closed
over a few seconds, so that clients do not all come back at once (realtime.md §1.5).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from presence.memory import MemoryRooms
from presence.promise import Rooms
from presence.redis_rooms import RedisRooms
from realtime import health
from realtime.bus.bus import Receiver
from realtime.bus.in_process import InProcessBus
from realtime.bus.redis_listener import RedisListener
from realtime.changes.source import ChangeFeed, ChangeSource
from realtime.changes.wal.slot import is_followed
from realtime.chores import CHORES
from realtime.invalidator import Invalidator
from realtime.post_relay import PostRelay
from realtime.posts import Accepted, Post, StreamedSession, accept_post
from realtime.receive_queue import ReceiveQueue
from realtime.revocations import Revocations
from realtime.sessions import Session
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.recent_changes import RecentChanges
from triples.attrs.store import CatalogCache
from triples.housekeeping import Housekeeper
from triples.indexing.worker import IndexingWorker
from triples.sql import pool
from triples.values.missing_keys import fill_sort_keys
from wire import ids

GOING_AWAY: Final = 1001
CLOSE_SPREAD_SECONDS: Final = 2.0
LONGEST_BETWEEN_CLOSES_SECONDS: Final = 0.02
REPAIRED_AT_ONCE: Final = 1_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the realtime layer needs to know from the environment. Times in seconds.

    `trusted_proxies` says how many hops of `X-Forwarded-For` are the operator's own. Without a
    `redis_url`, sessions of different processes do not meet in rooms.
    """

    database_url: str
    pool_size: int
    statement_timeout_seconds: float
    operation_timeout_seconds: float
    trusted_proxies: int = 0
    redis_url: str | None = None


@dataclass(slots=True)
class Server:
    """The parts of one running process; `streamed` are the sessions over SSE by id."""

    hub: QueryHub
    received: ReceiveQueue
    revocations: Revocations
    feed: ChangeSource
    indexing: IndexingWorker
    housekeeper: Housekeeper
    rooms: Rooms
    machine_id: str
    trusted_proxies: int
    relay: PostRelay | None
    sessions: set[Session] = field(default_factory=set)
    streamed: dict[str, StreamedSession] = field(default_factory=dict)

    def leave(self, session: Session) -> None:
        """Forget a session whose connection has ended."""
        self.sessions.discard(session)
        session.interrupt()
        self.hub.leave(session)
        self.rooms.leave_all(session.id)

    async def accept(self, post: Post, app_id: str) -> Accepted:
        """Judge a post for a session of this process (`realtime.posts`)."""
        return await accept_post(self.streamed, self.received, post, app_id)


_server: Server | None = None


def running() -> Server:
    """The parts of this process; raises `RuntimeError` when they are not started."""
    if _server is None:
        raise RuntimeError("the realtime layer is not started")
    return _server


async def start(settings: Settings) -> None:
    """Start serving sockets; a second call before `stop` is an error."""
    global _server
    await pool.open_pool(
        settings.database_url,
        max_size=settings.pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
    )
    catalogs, recent, machine_id = CatalogCache(), RecentChanges(), ids.new_id()
    relay = None if settings.redis_url is None else PostRelay(settings.redis_url, machine_id)
    source, bus = _source_and_bus(settings, relay)
    hub = QueryHub(catalogs, recent, bus, timeout_seconds=settings.operation_timeout_seconds)
    rooms = _rooms(settings, machine_id)
    received = ReceiveQueue(hub, rooms, timeout_seconds=settings.operation_timeout_seconds)
    revocations = Revocations(hub, rooms)
    hub.after_settling = revocations.on_app_gap
    invalidator = Invalidator(hub, recent, catalogs, revocations)
    bus.attach(Receiver(invalidator.deliver, invalidator.on_app_gap, invalidator.on_gap))
    indexing, housekeeper = IndexingWorker(), Housekeeper(CHORES)
    _server = Server(
        hub,
        received,
        revocations,
        source,
        indexing,
        housekeeper,
        rooms,
        machine_id,
        settings.trusted_proxies,
        relay,
    )
    if relay is not None:
        relay.accept = _server.accept
    if settings.redis_url is None:
        await _warn_of_other_processes()
    await rooms.start()
    await source.start()
    await indexing.start()
    await housekeeper.start()
    health.watch(source)


def _source_and_bus(
    settings: Settings, relay: PostRelay | None
) -> tuple[ChangeSource, InProcessBus | RedisListener]:
    """Where changes come from: the log itself, or a `wal_worker` by way of Redis."""
    if settings.redis_url is None or relay is None:
        bus = InProcessBus()
        feed = ChangeFeed(
            settings.database_url, bus.publish, bus.announce_gap, repair=repair_sort_keys
        )
        return feed, bus
    listener = RedisListener(settings.redis_url, relay.machine_id, relay.take)
    return listener, listener


async def _warn_of_other_processes() -> None:
    async with pool.connection() as conn:
        if await is_followed(conn):
            log.warning(
                "Another server process uses this database. Without INSTANT_REDIS_URL, sessions of "
                "different processes do not meet in rooms."
            )


def _rooms(settings: Settings, machine_id: str) -> Rooms:
    if settings.redis_url is None:
        return MemoryRooms(machine_id)
    return RedisRooms(settings.redis_url, machine_id)


async def close_sessions() -> None:
    """Ask every socket to close, spread over at most `CLOSE_SPREAD_SECONDS`.

    Called before the web server stops listening to its sockets, else all of them end at once.
    """
    sessions = list(_server.sessions) if _server is not None else []
    if not sessions:
        return
    loop = asyncio.get_running_loop()
    between = min(LONGEST_BETWEEN_CLOSES_SECONDS, CLOSE_SPREAD_SECONDS / len(sessions))
    for turn, session in enumerate(sessions):
        loop.call_later(
            turn * between, partial(session.disconnect, GOING_AWAY, "the server is restarting")
        )
    # The last one is asked when all had their turn; `disconnect` itself never waits.
    await asyncio.sleep(between * len(sessions))


async def stop() -> None:
    """Close every socket, then end what `start` began."""
    global _server
    await close_sessions()
    server, _server = _server, None
    if server is None:
        return
    health.watch(None)
    await server.housekeeper.stop()
    await server.indexing.stop()
    await server.feed.stop()
    if server.relay is not None:
        await server.relay.stop()
    await server.received.stop()
    await server.rooms.stop()
    await server.revocations.stop()
    await server.hub.stop()
    await pool.close_pool()


async def repair_sort_keys(app_id: str) -> None:
    """Give every row of the app that lacks one its sort key."""
    async with pool.connection() as conn:
        while await fill_sort_keys(conn, app_id, REPAIRED_AT_ONCE):
            pass
