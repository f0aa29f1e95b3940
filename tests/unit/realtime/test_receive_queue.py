"""What arrives waits in order, and a post of very many messages holds up nobody (law 10)."""

from __future__ import annotations

import asyncio

import pytest

from presence.memory import MemoryRooms
from realtime.bus.in_process import InProcessBus
from realtime.receive_queue import POSTED_AT_ONCE, ReceiveQueue
from realtime.sessions import Session
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.recent_changes import RecentChanges
from tests.until import until
from triples.attrs.store import CatalogCache
from wire import json

pytestmark = pytest.mark.asyncio

MANY = 100 * POSTED_AT_ONCE


class Sent:
    """`Transport` that remembers which event each error answers."""

    def __init__(self) -> None:
        self.event_ids: list[str] = []

    async def send_text(self, text: str) -> None:
        self.event_ids.append(json.loads(text)["client-event-id"])

    async def close(self, code: int, reason: str) -> None:
        raise AssertionError(reason)


@pytest.fixture
def received() -> ReceiveQueue:
    hub = QueryHub(CatalogCache(), RecentChanges(), InProcessBus(), timeout_seconds=5)
    return ReceiveQueue(hub, MemoryRooms("here"), timeout_seconds=5)


def unknown(*event_ids: str) -> list[dict[str, str]]:
    """Messages that are answered at once: their op does not exist."""
    return [{"op": "sing", "client-event-id": event_id} for event_id in event_ids]


async def test_post_of_very_many_messages_lets_others_run(received: ReceiveQueue) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other_work = asyncio.create_task(others())
    session = Session(Sent())
    received.put_all(session, unknown(*["a"] * MANY))
    await received.room_for_post(session)
    other_work.cancel()

    assert turns >= MANY / POSTED_AT_ONCE


@pytest.mark.parametrize("first", [1, POSTED_AT_ONCE + 1], ids=["a short post", "a long post"])
async def test_posts_of_a_session_are_answered_in_their_order(
    received: ReceiveQueue, first: int
) -> None:
    sent = Sent()
    session = Session(sent)
    writer = asyncio.create_task(session.write_frames())
    event_ids = [str(number) for number in range(first + MANY + 1)]
    received.put_all(session, unknown(*event_ids[:first]))
    received.put_all(session, unknown(*event_ids[first:-1]))
    received.put_all(session, unknown(event_ids[-1]))
    await received.room_for_post(session)
    await until(lambda: not session.unsent_bytes)
    writer.cancel()

    assert sent.event_ids == event_ids


async def test_what_is_left_of_a_post_is_forgotten_with_its_session(received: ReceiveQueue) -> None:
    session = Session(Sent())
    received.put_all(session, unknown(*["a"] * MANY))
    session.interrupt()
    await received.room_for_post(session)

    assert session.unsent_bytes == 0
