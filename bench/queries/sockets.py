"""Sustained queries a second over sockets, of a server that is already running.

Each socket is an admin session of the biggest app that asks for 20 posts and their authors, each
time from another score so that no answer can be shared, waits for it, and forgets the query.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from typing import Any, Final

import psycopg
from websockets.asyncio.client import ClientConnection, connect

from bench.percentiles import Percentiles
from bench.queries.questions import AskedApp, nth_app, page_with_authors
from triples.sql.pool import session_options
from wire.ids import hash_uuid_secret, new_id

SOCKETS: Final = 8
FLOOR_PER_SECOND: Final = 250
TARGET_PER_SECOND: Final = 600
MAX_FRAME_BYTES: Final = 16 * 1024 * 1024


def measure(database_url: str, ws_url: str, seconds: float) -> int:
    """Print queries a second and their times; not 0 below the floor."""
    with psycopg.connect(database_url, autocommit=True, options=session_options(0)) as conn:
        app = nth_app(conn, 1)
        token = new_id()
        conn.execute(
            "insert into app_admin_tokens (token_hash, app_id) values (%s, %s::uuid)",
            (hash_uuid_secret(token), app.id),
        )
    took = asyncio.run(_ask_for(ws_url, app, token, seconds))
    times = Percentiles.of(took)
    rate = len(took) / seconds
    print(
        f"{rate:.0f} queries/s over {SOCKETS} sockets; p50 {times.p50:.1f} ms, p95 {times.p95:.1f}"
        f" ms (target ≥ {TARGET_PER_SECOND}, floor {FLOOR_PER_SECOND})"
    )
    return 0 if rate >= FLOOR_PER_SECOND else 1


async def _ask_for(ws_url: str, app: AskedApp, token: str, seconds: float) -> list[float]:
    deadline = time.perf_counter() + seconds
    sessions = [_session(ws_url, app, token, deadline, number) for number in range(SOCKETS)]
    return [took for series in await asyncio.gather(*sessions) for took in series]


async def _session(
    ws_url: str, app: AskedApp, token: str, deadline: float, number: int
) -> list[float]:
    took = []
    rng = random.Random(number)
    address = f"{ws_url}/runtime/session?app_id={app.id}"
    async with connect(address, max_size=MAX_FRAME_BYTES, compression=None) as socket:
        await _say(
            socket,
            {
                "op": "init",
                "app-id": app.id,
                "__admin-token": token,
                "versions": {"@instantdb/core": "v1.0.67"},
            },
        )
        await _hear(socket, "init-ok")
        while time.perf_counter() < deadline:
            query = page_with_authors(rng.choice(app.scores) + rng.random() / 1000)
            started = time.perf_counter()
            await _say(socket, {"op": "add-query", "q": query})
            await _hear(socket, "add-query-ok")
            took.append((time.perf_counter() - started) * 1000)
            await _say(socket, {"op": "remove-query", "q": query})
            await _hear(socket, "remove-query-ok")
    return took


async def _say(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(json.dumps({"client-event-id": str(uuid.uuid4()), **message}))


async def _hear(socket: ClientConnection, op: str) -> None:
    marker = f'"op":"{op}"'
    while True:
        text = await socket.recv()
        frame = text if isinstance(text, str) else text.decode()
        if marker in frame:
            return
        if '"op":"error"' in frame:
            raise RuntimeError(frame)
