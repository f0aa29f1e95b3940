"""What fan-out is compared with: a Channels group, in a process of its own.

Whatever a client sends, every client gets. Served as the product is served.
"""

from __future__ import annotations

from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

GROUP = "everybody"

settings.configure(
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    SECRET_KEY="of a bench alone",
)
django.setup()


class Everybody(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One client of the group."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.channel_layer.group_send(GROUP, {"type": "tell", "text": text_data})

    async def tell(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


application = Everybody.as_asgi()
