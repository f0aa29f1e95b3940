"""From a received frame to its handler, in order where the protocol promises order.

`put` only enqueues (law 7). Ops of one group key run one at a time in arrival order, other groups
beside them (realtime.md §11.2); every op has a deadline (§11.3), and exactly one reply or error.
Writes, and presences, that wait together may be done as one (§6.5, §7.4), each with its own reply.

States of a message: waiting ──▶ running ──▶ replied | refused | dropped (its session closed)
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import psycopg

from presence.promise import Rooms
from realtime.grouped_queue import GroupedQueue
from realtime.handlers import rooms as room_ops
from realtime.handlers.init import init
from realtime.handlers.queries import add_query, remove_query
from realtime.handlers.transact import stands_for, transact, undo_in_client
from realtime.measures import OP_SECONDS
from realtime.protocol import outgoing
from realtime.protocol.incoming import Message, UnreadableFrame, read_message
from realtime.sessions import Session
from realtime.subscriptions.hub import QueryHub
from triples.instaql.shape import refuse_excess
from triples.transact.transact import NotTogether
from wire import json
from wire.errors import InstantError, OperationTimedOut, QueryTimeout, UnknownOp, ValidationFailed
from wire.observations import SocketOpFailed, frames_of, report

WORKERS: Final = 256  # ops mostly wait: for the pool, for an app's turn to write, for an answer
OPS_OF_AN_APP: Final = 64  # at once; slow ones must leave workers to other apps
MAX_WAITING_FRAMES: Final = 1_000  # of one session; beyond it the socket is not read
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
POSTED_AT_ONCE: Final = 50  # some 1 ms: one post may hold a million messages

OPS: Final = ("init", "add-query", "remove-query", "transact", *room_ops.OPS)
"""Every op that a client may send."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A readable frame of one session, on its way to a handler; `size` in characters.

    It may stand for `earlier` ones that have waited with it, oldest first.
    """

    session: Session
    message: Message
    arrived_at: float
    size: int
    earlier: tuple[Received, ...] = ()


@dataclass(frozen=True, slots=True)
class _Posted:
    """What is left of a session's posts, and the task that enqueues it."""

    messages: deque[Any]
    task: asyncio.Task[None]


class ReceiveQueue:
    """All sessions' messages of this process."""

    def __init__(self, hub: QueryHub, rooms: Rooms, *, timeout_seconds: float) -> None:
        self._hub = hub
        self._rooms = rooms
        self._timeout_seconds = timeout_seconds
        self._posted: dict[Session, _Posted] = {}
        self._queue: GroupedQueue[Received] = GroupedQueue(
            self._handle,
            workers=WORKERS,
            per_tenant=OPS_OF_AN_APP,
            combine=_combined,
            on_crash=self._report_crash,
        )

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return self._queue.depth

    def put(self, session: Session, frame: str | bytes) -> None:
        """Enqueue one frame, or refuse it at once if it is no message."""
        try:
            message = read_message(frame)
            key = _group_key(session, message)
        except UnreadableFrame as unreadable:
            _refuse(session, unreadable.error, unreadable.fields)
            return
        except InstantError as error:
            _refuse(session, error, message.fields)
            return
        received = Received(session, message, time.monotonic(), len(frame))
        session.inbox.add(received.size)
        tenant = session.app.id if session.app is not None else session.id
        self._queue.put(key, received, tenant=tenant)

    def put_all(self, session: Session, messages: Sequence[Any]) -> None:
        """Enqueue decoded messages in their order: at once, or by and by where they are many."""
        if (posted := self._posted.get(session)) is not None:
            posted.messages.extend(messages)
        elif len(messages) <= POSTED_AT_ONCE:
            for message in messages:
                self.put(session, json.dumps_any(message))
        else:
            left = deque(messages)
            task = asyncio.create_task(self._put_all_of(session, left), name="posted messages")
            self._posted[session] = _Posted(left, task)

    async def room_for_post(self, session: Session) -> None:
        """`room_for` a whole post: what was posted before has been enqueued."""
        while (posted := self._posted.get(session)) is not None:
            await asyncio.wait({posted.task})
        await self.room_for(session)

    async def room_for(self, session: Session) -> None:
        """Wait while the session has too much waiting; not reading on slows its client down."""
        inbox = session.inbox
        while inbox.frames > MAX_WAITING_FRAMES or inbox.size > MAX_WAITING_BYTES:
            await inbox.wait_for_less()

    async def stop(self) -> None:
        """Cancel what runs and forget what waits."""
        tasks = [posted.task for posted in self._posted.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._queue.stop()

    async def _put_all_of(self, session: Session, left: deque[Any]) -> None:
        """Enqueue a few at a time, no faster than the session's messages are handled."""
        try:
            while left and not session.closed:
                for _ in range(min(POSTED_AT_ONCE, len(left))):
                    self.put(session, json.dumps_any(left.popleft()))
                await asyncio.sleep(0)
                await self.room_for(session)
        finally:
            del self._posted[session]

    async def _handle(self, received: Received) -> None:
        everything = (*received.earlier, received)
        for each in everything:
            each.session.inbox.take(each.size)
        if received.earlier and received.message.op == "set-presence":
            await self._do_newest(list(everything))
        elif not received.earlier or not await self._is_written_together(received):
            for each in everything:
                await self._handle_one(each)
        for each in everything:
            OP_SECONDS.labels(each.message.op).observe(time.monotonic() - each.arrived_at)

    async def _do_newest(self, waiting: list[Received]) -> None:
        """Of several presences only the newest that can be taken matters; all are answered."""
        while waiting:
            if await self._handle_one(waiting.pop()):
                for each in waiting:
                    room_ops.answer_superseded(each.session, each.message)
                return

    async def _is_written_together(self, received: Received) -> bool:
        """Do only the last of several writes and answer all of them with it.

        Where it fails, nothing is stored and each is done by itself: the last one's fault must
        not cost the client the others.
        """
        session, earlier = received.session, [each.message for each in received.earlier]
        if session.closed:
            return True
        try:
            await self._within_deadline(
                session, partial(transact, session, received.message, earlier)
            )
        except (InstantError, NotTogether, psycopg.Error):
            return False
        return True

    async def _handle_one(self, received: Received) -> bool:
        """Run one message's handler; False if it was refused."""
        session, message = received.session, received.message
        if session.closed:
            return True
        try:
            await self._within_deadline(session, partial(self._run, session, message))
        except InstantError as error:
            self._refuse_op(received, error)
        except psycopg.errors.QueryCanceled:
            self._refuse_op(received, QueryTimeout())
        except Exception as error:  # noqa: BLE001  # the edge: a client is answered whatever broke
            name = f"{type(error).__module__}.{type(error).__qualname__}"
            report(SocketOpFailed(message.op, name, frames_of(error)))
            session.send(
                outgoing.unexpected_error(event_id=message.event_id, original=message.fields)
            )
            self._after_refusal(received)
        else:
            return True
        return False

    async def _within_deadline(
        self, session: Session, handler: Callable[[], Awaitable[None]]
    ) -> None:
        """Run the handler; closing the session brings the deadline forward to now."""
        try:
            async with asyncio.timeout(self._timeout_seconds) as deadline:
                session.running.add(deadline)
                try:
                    await handler()
                finally:
                    session.running.discard(deadline)
        except TimeoutError as error:
            if deadline.expired():
                raise OperationTimedOut(int(self._timeout_seconds * 1000)) from error
            raise

    async def _run(self, session: Session, message: Message) -> None:
        if message.op == "init":
            await init(self._hub, session, message)
            return
        if not session.is_authenticated:
            raise ValidationFailed.one("init", None, f"`init` must come before `{message.op}`.")
        match message.op:
            case "add-query":
                await add_query(self._hub, session, message)
            case "remove-query":
                await remove_query(self._hub, session, message)
            case "transact":
                await transact(session, message)
            case op if op in room_ops.OPS:
                room_ops.handle(self._rooms, session, message)
            case _:
                raise UnknownOp(message.op)

    def _refuse_op(self, received: Received, error: InstantError) -> None:
        _refuse(received.session, error, received.message.fields)
        self._after_refusal(received)

    def _after_refusal(self, received: Received) -> None:
        if received.message.op == "transact":
            undo_in_client(received.session, received.message, received.arrived_at)

    def _report_crash(self, received: Received, error: BaseException) -> None:
        """A reply could not even be made; the connection cannot be trusted any more."""
        name = f"{type(error).__module__}.{type(error).__qualname__}"
        report(SocketOpFailed(received.message.op, name, frames_of(error)))
        received.session.disconnect(1011, "internal error")


def _refuse(session: Session, error: InstantError, fields: dict[str, object]) -> None:
    event_id = fields.get("client-event-id")
    session.send(outgoing.error_reply(error, event_id=event_id, original=fields))


def _combined(first: Received, second: Received) -> Received | None:
    """One message for two of a group: presences (§7.4), or writes of the same values (§6.5).

    Dragging and typing send more values than anybody will see; while one is being written, the
    last of those that wait leaves the database as all of them would.
    """
    are_presences = first.message.op == second.message.op == "set-presence"
    if not are_presences and not stands_for(second.session, second.message, first.message):
        return None
    return replace(second, earlier=(*first.earlier, replace(first, earlier=())))


def _group_key(session: Session, message: Message) -> Hashable:
    """Which messages must not overtake each other; raises `UnknownOp`.

    An excessive query is refused here, since telling whether two are equal is work already.
    """
    match message.op:
        case "init" | "transact":
            return session.id
        case "add-query" | "remove-query":
            query = message.fields.get("q")
            refuse_excess(query)
            return session.id, json.canonical(query)
        case op if op in room_ops.OPS:
            return session.id, "room", json.canonical(message.fields.get("room-id"))
        case _:
            raise UnknownOp(message.op)
