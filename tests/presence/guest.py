"""Somebody in a room: keeps what it is sent, and the view that a client makes of it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.unit.presence.entries import after_edits

WAIT_SECONDS: Final = 15.0
APP: Final = "6f1d3e0a-0f0a-4c8e-9f6e-000000000001"
OTHER_APP: Final = "6f1d3e0a-0f0a-4c8e-9f6e-000000000002"


@dataclass(slots=True)
class Guest:
    """`Recipient` of the promise; `views` are what it shows of each room, itself included."""

    id: str
    is_behind: bool = False
    frames: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    views: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    heard: list[Any] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def send_text(self, text: str) -> None:
        self.frames.append(text)
        frame = json.loads(text)
        for message in frame if isinstance(frame, list) else [frame]:
            self.messages.append(message)
            self._take(message)
        self.news.set()

    def ops(self) -> list[str]:
        return [message["op"] for message in self.messages]

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for a condition over what was sent; it is checked at every frame."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not holds():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.id} waits for {what}; it shows {self.views}") from None

    async def shows(self, room: str, **said: Any) -> None:
        """Wait until it shows exactly these others in the room, by what they say."""
        await self.until(lambda: self.others(room) == said, f"{room} = {said}")

    def others(self, room: str) -> dict[str, Any]:
        return {peer: data for peer, data in self.views[room].items() if peer != self.id}

    def _take(self, message: dict[str, Any]) -> None:
        room = message["room-id"]
        match message["op"]:
            case "refresh-presence":
                self.views[room] = {
                    peer_id: entry["data"] for peer_id, entry in message["data"].items()
                }
            case "patch-presence":
                self.views[room] = after_edits(self.views[room], message["edits"])
            case "server-broadcast":
                self.heard.append(message["data"]["data"])
