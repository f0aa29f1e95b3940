"""What the web server calls: HTTP goes to Django, sockets, start and stop to `realtime`.

A transport that must not pass through Django's request handling gets a line of its own in
`http_paths`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path
from redis.exceptions import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instant_project.settings")
django_application = get_asgi_application()  # sets Django up; what needs models comes after it

from realtime import lifecycle  # noqa: E402
from realtime.routing import websocket_urlpatterns  # noqa: E402

STOP_SECONDS: Final = 10.0  # beyond it, connections are left to the end of the process

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)


async def lifespan(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol: the server is ready once `realtime` has started."""
    while True:
        match (await receive())["type"]:
            case "lifespan.startup":
                await send(await _start())
            case "lifespan.shutdown":
                await send(await _stop())
                return


async def _start() -> Message:
    chosen = settings.ENVIRONMENT
    try:
        await lifecycle.start(
            lifecycle.Settings(
                database_url=settings.DATABASE_URL,
                pool_size=chosen.pool_size,
                statement_timeout_seconds=chosen.statement_timeout_seconds,
                operation_timeout_seconds=chosen.operation_timeout_seconds,
                trusted_proxies=chosen.trusted_proxies,
                redis_url=chosen.redis_url,
            )
        )
    except RedisError as error:
        return {
            "type": "lifespan.startup.failed",
            "message": f"Redis cannot be used as INSTANT_REDIS_URL says: {error}",
        }
    except Exception as error:
        log.exception("the server cannot start")
        return {"type": "lifespan.startup.failed", "message": str(error)}
    return {"type": "lifespan.startup.complete"}


async def _stop() -> Message:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await lifecycle.stop()
    except Exception as error:
        log.exception("the server did not stop in order")
        return {"type": "lifespan.shutdown.failed", "message": str(error)}
    return {"type": "lifespan.shutdown.complete"}


http_paths = [
    re_path("", django_application),  # type: ignore[arg-type]  # Channels routes ASGI applications
]

application = ProtocolTypeRouter(
    {
        "http": URLRouter(http_paths),
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    }
)
