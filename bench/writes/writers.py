"""Writers that send one write after the other, over sockets or straight into the write path."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect

from bench.percentiles import Percentiles
from triples import tenants
from triples.permissions.push import put_rules
from triples.sql import pool
from triples.transact.transact import Author, transact
from wire.ids import new_id

WARM_UP_SECONDS = 1.0
GUEST = Author(is_admin=False, user_id=None)
Write = Callable[[list[Any], str], Awaitable[None]]
"""Sends steps under an event id and returns when they are committed."""


class Writers(Protocol):
    """A way to write."""

    async def measure(self, count: int, apps: int, seconds: float) -> tuple[float, Percentiles]:
        """Writes a second of `count` writers over `apps` apps, and how long each took."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """An app with a namespace of four attrs."""

    id: str
    attrs: tuple[str, str, str, str]

    def create(self) -> list[Any]:
        """The steps of one `create`."""
        entity, mode = new_id(), {"mode": "create"}
        values = (entity, f"milk {entity}", False, time.time_ns())
        pairs = zip(self.attrs, values, strict=True)
        return [["add-triple", entity, attr, value, mode] for attr, value in pairs]


class DirectWriters:
    """Calls `transact`, each writer with a connection of its own from the pool."""

    def __init__(self, database_url: str, rule: str | None = None) -> None:
        self._database_url = database_url
        self._rule = rule

    async def measure(self, count: int, apps: int, seconds: float) -> tuple[float, Percentiles]:
        """See `Writers`."""
        made = await _apps(self._database_url, apps, self._rule, max_size=count + 1)
        return await _measure(made, count, seconds, _direct)


class SocketWriters:
    """Sends frames to a running server."""

    def __init__(self, database_url: str, url: str, rule: str | None = None) -> None:
        self._database_url = database_url
        self._rule = rule
        self._url = url.rstrip("/")

    async def measure(self, count: int, apps: int, seconds: float) -> tuple[float, Percentiles]:
        """See `Writers`."""
        made = await _apps(self._database_url, apps, self._rule, max_size=count + 1)
        return await _measure(made, count, seconds, self._socket)

    @asynccontextmanager
    async def _socket(self, app: App) -> AsyncIterator[Write]:
        address = f"{self._url}/runtime/session?app_id={app.id}"
        async with connect(address, compression=None, max_size=None) as socket:
            await _answer(socket, {"op": "init", "app-id": app.id}, "init-ok")

            async def write(steps: list[Any], event: str) -> None:
                message = {"op": "transact", "tx-steps": steps, "client-event-id": event}
                await _answer(socket, message, "transact-ok")

            yield write


async def _answer(socket: ClientConnection, message: dict[str, Any], op: str) -> None:
    await socket.send(json.dumps({"client-event-id": new_id(), **message}))
    while True:
        heard = json.loads(await socket.recv())
        if heard["op"] == op:
            return
        if heard["op"] == "error":
            raise RuntimeError(f"refused: {heard.get('message')}")


@asynccontextmanager
async def _direct(app: App) -> AsyncIterator[Write]:
    async with pool.connection() as conn:

        async def write(steps: list[Any], event: str) -> None:
            await transact(conn, app.id, steps, GUEST, client_event_id=event)

        yield write


async def _apps(database_url: str, apps: int, rule: str | None, *, max_size: int) -> list[App]:
    """New apps; the pool stays open."""
    await pool.open_pool(database_url, max_size=max_size)
    return [await made_app(rule) for _ in range(apps)]


async def _measure(
    made: list[App],
    count: int,
    seconds: float,
    writer: Callable[[App], AbstractAsyncContextManager[Write]],
) -> tuple[float, Percentiles]:
    """Measure, and close the pool."""
    try:
        async with AsyncExitStack() as stack:
            apps = [made[n % len(made)] for n in range(count)]
            writes = [(app, await stack.enter_async_context(writer(app))) for app in apps]
            await _run(writes, WARM_UP_SECONDS)
            took = await _run(writes, seconds)
    finally:
        await pool.close_pool()
    return len(took) / seconds, Percentiles.of(took)


async def _run(writes: list[tuple[App, Write]], seconds: float) -> list[float]:
    until = time.perf_counter() + seconds

    async def one_after_the_other(app: App, write: Write) -> list[float]:
        took = []
        while (started := time.perf_counter()) < until:
            await write(app.create(), new_id())
            took.append((time.perf_counter() - started) * 1000)
        return took

    series = await asyncio.gather(*(one_after_the_other(*pair) for pair in writes))
    return [took for one in series for took in one]


async def made_app(rule: str | None = None) -> App:
    """A new app of todos, and who may create them; the pool must be open."""
    attrs = tuple(new_id() for _ in range(4))
    async with pool.connection() as conn:
        app = (await tenants.create_app(conn, "bench writes")).app
        steps = [
            _attr(attrs[0], "id"),
            _attr(attrs[1], "title", **{"index?": True, "checked-data-type": "string"}),
            _attr(attrs[2], "done"),
            _attr(attrs[3], "at"),
        ]
        await transact(conn, app.id, steps, GUEST)
        if rule is not None:
            await put_rules(conn, app.id, {"todos": {"allow": {"create": rule}}})
    return App(app.id, (attrs[0], attrs[1], attrs[2], attrs[3]))


def _attr(attr_id: str, label: str, **properties: Any) -> list[Any]:
    attr = {
        "id": attr_id,
        "forward-identity": [new_id(), "todos", label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": label == "id",
        "index?": False,
        **properties,
    }
    return ["add-attr", attr]
