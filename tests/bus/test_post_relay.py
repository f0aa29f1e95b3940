"""A post that reaches another process than its stream's arrives, whatever it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from realtime.bus.redis_listener import RedisListener
from realtime.post_relay import PostRelay
from realtime.posts import Accepted, Post
from realtime.protocol.incoming import Message, UnreadableFrame, read_message
from realtime.receive_queue import ReceiveQueue
from realtime.sessions import Session
from tests.bus.buses import PATIENCE_SECONDS, Heard
from tests.redis_server import RedisServer
from tests.unit.realtime.subscriptions.test_delivery import Nowhere
from tests.until import until
from wire import json
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


@dataclass(slots=True)
class Enqueued:
    """What the owner's sessions were given."""

    messages: list[Any] = field(default_factory=list)

    def put_all(self, session: Session, messages: list[Any]) -> None:
        self.messages += messages


@asynccontextmanager
async def relay(redis_url: str, machine_id: str) -> AsyncIterator[PostRelay]:
    """One process's end, which hears what is told to the process."""
    made = PostRelay(redis_url, machine_id)
    listener = RedisListener(redis_url, machine_id, made.take)
    listener.attach(Heard().receiver)
    await listener.start()
    try:
        await listener.wait_until_live(PATIENCE_SECONDS)
        yield made
    finally:
        await listener.stop()
        await made.stop()


def understood(message: Any) -> Message | str:
    """The message as it is read, or why it is not."""
    try:
        return read_message(json.dumps_any(message))
    except UnreadableFrame as unreadable:
        return unreadable.error.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"op":"transact","tx-steps":[]}', id="short"),
        pytest.param(f'{{"op":"transact","x":"{"x" * 1_000_000}"}}', id="long"),
        pytest.param('{"op":"transact","x":"\\ud83d"}', id="half a character"),
        pytest.param(f'{{"op":"transact","x":{"[" * 300}{"]" * 300}}}', id="deep"),
        pytest.param(
            f'{{"op":"transact","x":{"[" * 1_020}{"]" * 1_020}}}', id="as deep as a parser reads"
        ),
        pytest.param(
            f'{{"op":"transact","x":{"[" * 5_000}{"]" * 5_000}}}', id="deeper than any parser reads"
        ),
    ],
)
async def test_post_arrives(redis: RedisServer, text: str) -> None:
    messages, enqueued, session = [json.loads_any(text)], Enqueued(), Session(Nowhere())

    async def accept(post: Post, app_id: str) -> Accepted:
        return Accepted(session, post.messages, cast(ReceiveQueue, enqueued))

    async with relay(redis.url, new_id()) as taker, relay(redis.url, new_id()) as owner:
        owner.accept = accept
        post = Post(owner.machine_id, session.id, new_id(), messages)
        post_id = await taker.hand_over(post, new_id())
        assert enqueued.messages == []
        await taker.go_on(owner.machine_id, post_id)
        await until(lambda: bool(enqueued.messages))
    [arrived] = enqueued.messages
    assert understood(arrived) == understood(messages[0])
