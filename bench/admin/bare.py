"""The floor: a Django project with one async view that returns fixed bytes after one `SELECT`.

Run as a process of its own, `python -m bench.admin.bare PORT DATABASE_URL BODY_FILE`, with the same
web server and the same settings of it as the product.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from psycopg_pool import AsyncConnectionPool

PORT, DATABASE_URL, BODY_FILE = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[], USE_TZ=True)

from django.core.asgi import get_asgi_application  # noqa: E402  # after the settings

_pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
    DATABASE_URL, min_size=1, max_size=10, kwargs={"autocommit": True}, open=False
)
_body = BODY_FILE.read_bytes()


async def view(request: HttpRequest) -> HttpResponse:
    """Read the request, ask the database one thing, and answer."""
    _ = request.body
    async with _pool.connection() as conn:
        await (await conn.execute("select 1")).fetchone()
    length = {"content-length": str(len(_body))}
    return HttpResponse(_body, content_type="application/json", headers=length)


urlpatterns = [path("bare", view)]
_django = get_asgi_application()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """ASGI, with a pool that lives as long as the process."""
    if scope["type"] == "http":
        await _django(scope, receive, send)
        return
    await receive()
    await _pool.open(wait=True)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _pool.close()
    await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=PORT,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
