"""Posts of SSE sessions that arrived at another process than the one that holds the stream.

The process that got the post (the *taker*) hands it to the *owner* through Redis, waits for its
word, answers the client, and then tells the owner to go on: a client may drop a reply that comes
before its post has returned, so the owner holds the messages until then. The next post of the same
session proves that the answer arrived, and so does time; either lets a held post go as well, in
its order.

    taker                         owner
      │ ── post ──▶                 │ checks session and secret, holds the messages
      │ ◀── held, or a refusal ──   │
      │ answers the client          │
      │ ── go on ──▶                │ enqueues the messages
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from realtime.bus.redis_link import Names, client, in_time
from realtime.posts import Accepted, Post
from wire import ids, json
from wire.errors import MemberMissing, SessionMissing

ANSWER_SECONDS: Final = 5.0
HELD_SECONDS: Final = 2.0  # the taker's answer takes milliseconds; without a word from it, go on
KEPT_SECONDS: Final = 30  # a large post waits in Redis to be fetched
LARGE_BYTES: Final = 256 * 1024  # what subscribers have not read is bounded in Redis

log = logging.getLogger(__name__)

Accept = Callable[[Post, str], Awaitable[Accepted]]


@dataclass(slots=True)
class _Held:
    accepted: Accepted
    timer: asyncio.TimerHandle


class PostRelay:
    """Both ends of the relay in one process; `accept` judges posts for this process's sessions."""

    def __init__(self, redis_url: str, machine_id: str) -> None:
        self.machine_id = machine_id
        self.accept: Accept | None = None
        self._names = Names.of(redis_url)
        self._redis = client(redis_url)
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._held: dict[str, _Held] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the taker -------------------------------------------------------------------------------

    async def hand_over(self, post: Post, app_id: str) -> str:
        """Bring a post to the process that owns it; its id, once the owner holds it.

        Raises `MemberMissing` if there is no such process, and what the owner refuses with.
        """
        owner, post_id = post.machine_id, ids.new_id()
        fields = {field.name: getattr(post, field.name) for field in dataclasses.fields(post)}
        body = {**fields, "app_id": app_id}
        text = json.dumps_any(body)
        message: dict[str, Any] = {"kind": "post", "id": post_id, "taker": self.machine_id}
        if len(text) > LARGE_BYTES:
            async with in_time():
                await self._redis.set(self._names.post(post_id), text, ex=KEPT_SECONDS)
        else:
            message["body"] = body
        answer = self._asked[post_id] = asyncio.get_running_loop().create_future()
        try:
            if not await self._send(owner, message):
                raise MemberMissing(owner)
            async with asyncio.timeout(ANSWER_SECONDS):
                refusal = (await answer)["refusal"]
        except TimeoutError:
            raise MemberMissing(owner) from None
        finally:
            del self._asked[post_id]
        if refusal is not None:
            raise SessionMissing(refusal)
        return post_id

    async def go_on(self, owner: str, post_id: str) -> None:
        """The client has its answer; if this word is lost, time tells the owner."""
        try:
            await self._send(owner, {"kind": "go on", "id": post_id})
        except (RedisError, OSError) as error:
            log.warning("a post was not released at once: %s", type(error).__name__)

    # -- the owner -------------------------------------------------------------------------------

    def take(self, raw: bytes) -> None:
        """Take a message of another process's relay; returns at once."""
        message: dict[str, Any] = json.loads_any(raw)
        post_id = message["id"]
        match message["kind"]:
            case "post":
                self._spawn(self._hold(post_id, message))
            case "held":
                asked = self._asked.get(post_id)
                if asked is not None and not asked.done():
                    asked.set_result(message)
            case "go on":
                self._release(post_id)

    async def stop(self) -> None:
        """Disconnect; posts that wait are dropped with their sessions."""
        for held in self._held.values():
            held.timer.cancel()
        self._held.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    async def _hold(self, post_id: str, message: dict[str, Any]) -> None:
        """Judge a post, keep it, and tell its taker."""
        body = message.get("body") or await self._fetched(post_id)
        app_id, refusal = body.pop("app_id"), None
        try:
            if self.accept is None:
                raise RuntimeError("the relay is not connected to the sessions")
            accepted = await self.accept(Post(**body), app_id)
        except SessionMissing:
            refusal = body["session_id"]
        else:
            self._release_others_of(accepted.session.id)
            loop = asyncio.get_running_loop()
            timer = loop.call_later(HELD_SECONDS, self._release, post_id)
            self._held[post_id] = _Held(accepted, timer)
        await self._send(message["taker"], {"kind": "held", "id": post_id, "refusal": refusal})

    def _release_others_of(self, session_id: str) -> None:
        """A client has one post in flight: that it sends another means that it has its answer."""
        earlier = [
            key for key, held in self._held.items() if held.accepted.session.id == session_id
        ]
        for post_id in earlier:
            self._release(post_id)

    def _release(self, post_id: str) -> None:
        held = self._held.pop(post_id, None)
        if held is not None:
            held.timer.cancel()
            held.accepted.enqueue()

    async def _fetched(self, post_id: str) -> dict[str, Any]:
        async with in_time():
            text = await self._redis.getdel(self._names.post(post_id))
        if text is None:
            raise LookupError("a large post was not kept long enough")
        body: dict[str, Any] = json.loads_any(text)
        return body

    async def _send(self, machine_id: str, message: dict[str, Any]) -> bool:
        """Whether the process was there to hear it."""
        channel = self._names.process(machine_id)
        async with in_time():
            heard: int = await self._redis.publish(channel, json.dumps_any(message))
        return heard > 0

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="relayed post")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a relayed post was dropped: %s", type(error).__name__)
