"""Clients of the published `@instantdb/core`: start them, ask them, wait for what they show.

A `CoreProcess` holds any number of clients, each with its own socket and storage.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from tests.sdk.chunks import Chunk
from tests.sdk.core_driver import WAIT_SECONDS, CoreDriver, Promise

BLOCKED_SOCKETS = "ws://127.0.0.1:9/runtime/session"  # the discard port: nobody listens

Query: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]


class ServerAddress(Protocol):
    """What a client needs to know of a server."""

    @property
    def http_url(self) -> str: ...

    @property
    def ws_url(self) -> str: ...


class EventReceiver(Protocol):
    """Takes the events that Node tells under its name."""

    def receive(self, message: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One WebSocket frame as it crossed the wire; `client` is None once its socket was replaced."""

    client: str | None
    app: str
    direction: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One call of a subscriber's callback, and when it came.

    Times are CLOCK_MONOTONIC nanoseconds; `arrived_ns` is when the newest frame before it came.
    """

    answer: Answer
    at_ns: int
    arrived_ns: int

    @property
    def data(self) -> Any:
        return self.answer.get("data")

    @property
    def error(self) -> Any:
        return self.answer.get("error")


@dataclass(slots=True)
class LiveQuery:
    """A subscription: everything its callback was given, oldest first."""

    client: CoreClient
    name: str
    query: Query
    shown: list[Shown] = field(default_factory=list)

    @property
    def data(self) -> Any:
        """What the callback was last given."""
        return self.shown[-1].data if self.shown else None

    @property
    def error(self) -> Any:
        return self.shown[-1].error if self.shown else None

    def wait_until(
        self, holds: Callable[[Any], bool], what: str, timeout: float = WAIT_SECONDS
    ) -> Shown:
        """Wait until what the callback was last given satisfies `holds`."""
        self.client.process.wait_until(
            lambda: bool(self.shown) and self.error is None and holds(self.data),
            f"{self.client.name}'s {json.dumps(self.query)} to show {what}",
            timeout,
            lambda: f"it shows {json.dumps(self.shown[-1].answer) if self.shown else 'nothing'}",
        )
        return self.shown[-1]

    def wait_for(self, expected: Any, timeout: float = WAIT_SECONDS) -> Shown:
        """Wait until the answer equals `expected`; lists are compared without their order."""
        return self.wait_until(
            lambda data: _unordered(data) == _unordered(expected), json.dumps(expected), timeout
        )

    def wait_for_error(self, timeout: float = WAIT_SECONDS) -> Any:
        self.client.process.wait_until(
            lambda: self.error is not None,
            f"{self.client.name}'s {json.dumps(self.query)} to report an error",
            timeout,
            lambda: f"it shows {json.dumps(self.data)}",
        )
        return self.error

    def stop(self) -> None:
        self.client.process.ask("unsubscribe", subscription=self.name).result()


@dataclass(slots=True)
class CoreClient:
    """One client of the published SDK."""

    process: CoreProcess
    name: str
    app_id: str
    statuses: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    auths: list[Any] = field(default_factory=list)

    def auth(self, method: str, *args: Any, timeout: float = WAIT_SECONDS) -> Any:
        """Call `db.auth.<method>` and wait for its answer."""
        promise = self.process.ask("auth", client=self.name, method=method, args=args)
        return promise.result(timeout)

    def signed_in_user(self) -> Any:
        """The user that the SDK has stored, or None."""
        return self.process.ask("getAuth", client=self.name).result()

    def watch_auth(self) -> None:
        """Record from now on what `subscribeAuth` says, in `auths`."""
        self.process.ask("watchAuth", client=self.name).result()

    def wait_for_user(self, holds: Callable[[Any], bool], what: str) -> Any:
        """Wait until `subscribeAuth` last said that the user is so; it is None when signed out."""
        self.process.wait_until(
            lambda: bool(self.auths) and holds(self.auths[-1].get("user")),
            f"{self.name}'s user to be {what}",
            seen=lambda: f"it was told {self.auths}",
        )
        return self.auths[-1].get("user")

    def wait_until_connected(self, timeout: float = WAIT_SECONDS) -> CoreClient:
        self.wait_for_status("authenticated", timeout)
        return self

    def wait_for_status(self, status: str, timeout: float = WAIT_SECONDS) -> None:
        self.process.wait_until(
            lambda: bool(self.statuses) and self.statuses[-1] == status,
            f"{self.name} to be {status}",
            timeout,
            lambda: f"its statuses were {self.statuses}",
        )

    def subscribe(self, query: Query) -> LiveQuery:
        live = LiveQuery(self, f"{self.name}/{uuid.uuid4()}", query)
        self.process.subscriptions[live.name] = live
        self.process.ask(
            "subscribe", client=self.name, subscription=live.name, query=query
        ).result()
        return live

    def transact(self, *chunks: Chunk, timeout: float = WAIT_SECONDS) -> dict[str, Any]:
        """Write, and wait until the SDK says `synced` (or `enqueued`, without a connection)."""
        return self.start_transact(*chunks).result(timeout)  # type: ignore[no-any-return]

    def start_transact(self, *chunks: Chunk) -> Promise:
        return self.process.ask("transact", client=self.name, chunks=chunks)

    def query_once(self, query: Query, timeout: float = WAIT_SECONDS) -> Any:
        return self.process.ask("queryOnce", client=self.name, query=query).result(timeout)

    def cut(self) -> None:
        """Break the TCP connection without a goodbye."""
        self.process.ask("cut", client=self.name).result()

    def lose_next_reply(self, op: str) -> None:
        """Swallow the next message with this op and break the connection in its place."""
        self.process.ask("loseNextReply", client=self.name, op=op).result()

    def wait_until_lost(self, count: int, timeout: float = WAIT_SECONDS) -> None:
        """Wait until so many messages were swallowed in all."""
        self.process.wait_until(
            lambda: len(self.lost) >= count, f"{self.name} to lose a reply", timeout
        )

    def pause_reading(self) -> None:
        self.process.ask("pause", client=self.name).result()

    def resume_reading(self) -> None:
        self.process.ask("resume", client=self.name).result()

    def close(self) -> None:
        self.process.ask("close", client=self.name).result()


class CoreProcess(CoreDriver):
    """One Node process with clients of the published `@instantdb/core` in it."""

    def __init__(self, server: ServerAddress) -> None:
        self.server = server
        self.clients: dict[str, CoreClient] = {}
        self.subscriptions: dict[str, LiveQuery] = {}
        self.visits: dict[str, EventReceiver] = {}
        super().__init__()

    def open(
        self,
        app_id: str,
        name: str,
        *,
        tab: str | None = None,
        admin_token: str | None = None,
        event_stream: bool = False,
    ) -> CoreClient:
        """A new client; the same `tab` again means the same browser storage.

        With `event_stream` it is a client as in React, behind a network that lets no WebSocket
        through.
        """
        client = CoreClient(self, name, app_id)
        self.clients[name] = client
        self.ask(
            "open",
            client=name,
            app=app_id,
            api=self.server.http_url,
            websocket=BLOCKED_SOCKETS if event_stream else self.server.ws_url,
            eventStream=event_stream,
            tab=tab,
            adminToken=admin_token,
        ).result()
        return client

    def connect(self, app_id: str, name: str, **options: Any) -> CoreClient:
        """A new client, connected."""
        return self.open(app_id, name, **options).wait_until_connected()

    def frames(self, client: CoreClient | None = None) -> list[Frame]:
        """Every frame so far, of all clients or of one."""
        named = {"client": client.name} if client else {}
        return [Frame(**frame) for frame in self.ask("frames", **named).result()]

    def stop_recording_frames(self) -> None:
        self.ask("record", on=False).result()

    def receive_event(self, message: dict[str, Any]) -> None:
        """Give an event to whom it is about."""
        match message:
            case {"visit": name}:
                if visit := self.visits.get(name):
                    visit.receive(message)
            case {
                "event": "answer",
                "subscription": name,
                "answer": answer,
                "at": at,
                "arrived": arrived,
            }:
                shown = Shown(answer, int(at), int(arrived))
                self.subscriptions[name].shown.append(shown)
            case {"event": "status", "client": name, "status": status}:
                self.clients[name].statuses.append(status)
            case {"event": "auth", "client": name, "auth": auth}:
                self.clients[name].auths.append(auth)
            case {"event": "lost", "client": name, "op": op}:
                self.clients[name].lost.append(op)
            case {"event": "ready"}:
                pass
            case _:
                raise AssertionError(f"unexpected message from Node: {message}")


@contextmanager
def core_process(server: ServerAddress) -> Iterator[CoreProcess]:
    """A Node process for the length of a block."""
    process = CoreProcess(server)
    try:
        yield process
    finally:
        process.stop()


def _sorted_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_unordered(item) for item in value), key=_sorted_json)
    return value
