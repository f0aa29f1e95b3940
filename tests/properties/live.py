"""A client inside the process: its frames go through the real queue, hub and feed, not a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from realtime import lifecycle
from realtime.sessions import Session
from triples.management.database import connect, conninfo
from wire import json
from wire.ids import new_id

SLOTS: Final = (
    "select count(*) from pg_replication_slots where database = current_database() and active"
)
LIMIT_SECONDS: Final = 20.0  # far beyond what a refresh takes on a busy machine
LOOK_AGAIN_SECONDS: Final = 0.5


class LiveClient:
    """`Transport` that keeps the newest word on each query, by canonical query.

    That is its answer, or the error that says why there is none any more.
    """

    def __init__(self) -> None:
        self.answers: dict[bytes, list[Any] | dict[str, Any]] = {}
        self.processed: dict[bytes, list[int]] = {}
        self.errors: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        self.closed_with: tuple[int, str] | None = None
        self.heard = asyncio.Event()

    async def send_text(self, text: str) -> None:
        """Take one frame."""
        message = json.loads(text)
        if event_id := message.get("client-event-id"):
            self.replies[event_id] = message
        match message["op"]:
            case "add-query-ok":
                self._take(message["q"], message["result"], message["processed-tx-id"])
            case "refresh-ok":
                for computation in message["computations"]:
                    query, result = computation["instaql-query"], computation["instaql-result"]
                    self._take(query, result, message["processed-tx-id"])
            case "error" if message["original-event"]["op"] == "add-query":
                self.answers[json.canonical(message["original-event"]["q"])] = message
            case "error":
                self.errors.append(message)
        self.heard.set()

    async def close(self, code: int, reason: str) -> None:
        """The server ends the connection."""
        self.closed_with = (code, reason)
        self.heard.set()

    def _take(self, query: Any, result: list[Any], processed_tx_id: int) -> None:
        key = json.canonical(query)
        self.answers[key] = result
        self.processed.setdefault(key, []).append(processed_tx_id)


class Conversation:
    """A live client's session with the server of this process."""

    def __init__(self, session: Session, client: LiveClient) -> None:
        self.session = session
        self.client = client

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send one op and wait for its reply, an error included."""
        event_id = new_id()
        frame = {"op": op, "client-event-id": event_id, **fields}
        lifecycle.running().received.put(self.session, json.dumps(frame))
        async with asyncio.timeout(LIMIT_SECONDS):
            while event_id not in self.client.replies:
                await self.news()
        return self.client.replies.pop(event_id)

    async def news(self) -> None:
        """Return when another frame has arrived."""
        self.client.heard.clear()
        await self.client.heard.wait()
        assert self.client.closed_with is None, self.client.closed_with

    async def news_or_while(self) -> None:
        """Return when another frame has arrived, or after a while.

        What a frame is compared with may have changed after it was looked up: sort keys are filled
        in the background, and then the frame that arrived already is the newer one.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self.news()

    def circumstances(self) -> str:
        """What the server knows of the session's queries, for whoever waits in vain."""
        feed, app = lifecycle.running().feed.state, self.session.app
        lines = [f"{feed}", f"unsent: {self.session.unsent_bytes} bytes"]
        if app is not None:
            lines.append(
                f"app: transaction {app.processed_tx_id}, fed {app.fed_tx_id},"
                f" {app.refreshers} refreshers, {len(app.dirty)} to refresh, {app.read_slots}"
            )
        for each in self.session.subscriptions.values():
            live = each.live
            sent = f"sent {each.sent_version} of {live.version}, moving: {each.move}"
            stale = f"stale: {live.stale}, awaits {live.awaited_xids}, runs: {live.run}"
            lines.append(f"{live.query}: {sent}; {stale}; failed with {live.failure!r}")
        return "\n  ".join(lines)


@asynccontextmanager
async def serving() -> AsyncIterator[None]:
    """The realtime layer on the test database, its feed live."""
    await lifecycle.start(
        lifecycle.Settings(
            database_url=conninfo(),
            pool_size=6,
            statement_timeout_seconds=30.0,
            operation_timeout_seconds=15.0,
        )
    )
    try:
        await lifecycle.running().feed.wait_until_live(LIMIT_SECONDS)
        yield
    finally:
        await lifecycle.stop()
        await _until_slot_is_gone()


async def _until_slot_is_gone() -> None:
    """PostgreSQL drops the feed's slot after its connection; until then the database is in use."""
    async with asyncio.timeout(LIMIT_SECONDS), connect() as conn:
        while (await (await conn.execute(SLOTS)).fetchone()) != (0,):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def conversation(
    app_id: str, admin_token: str | None, client: LiveClient | None = None
) -> AsyncIterator[Conversation]:
    """An authenticated session; an admin's with a token."""
    client = client or LiveClient()
    session = Session(client)
    server = lifecycle.running()
    server.sessions.add(session)
    writer = asyncio.create_task(session.write_frames())
    talk = Conversation(session, client)
    fields = {"app-id": app_id, "versions": {"@instantdb/core": "v1.0.67"}}
    if admin_token is not None:
        fields["__admin-token"] = admin_token
    try:
        ready = await talk.ask("init", **fields)
        assert ready["op"] == "init-ok", ready
        yield talk
    finally:
        server.sessions.discard(session)
        session.interrupt()
        server.hub.leave(session)
        writer.cancel()
