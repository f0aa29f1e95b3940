"""The Python half of the published `@instantdb/core`: start it, ask it, wait for what it shows.

`CoreProcess` is one Node process (`core_driver.mjs`), which holds any number of clients, each
with its own socket and storage. Nothing here sleeps: every wait is for a condition, has a limit,
and says what was seen instead when it fails.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from tests.sdk.chunks import Chunk
from tests.sdk.node import HERE, install_sdks, node_environment, program

WAIT_SECONDS = 10.0
BLOCKED_SOCKETS = "ws://127.0.0.1:9/runtime/session"  # the discard port: nobody listens
STOP_SECONDS = 10.0

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


class SdkError(Exception):
    """The SDK rejected a promise; `hint` is what the server said beside the message."""

    def __init__(self, message: str, hint: Any, type: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.type = type


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
class Promise:
    """An answer of the Node process that may still be under way."""

    process: CoreProcess
    what: str
    message: dict[str, Any] | None = None

    def result(self, timeout: float = WAIT_SECONDS) -> Any:
        """The resolved value; raises `SdkError` where the SDK rejected."""
        self.process.wait_until(
            lambda: self.message is not None, f"{self.what} to be answered", timeout
        )
        assert self.message is not None
        error = self.message.get("error")
        if error is not None:
            raise SdkError(error["message"], error.get("hint"), error.get("type"))
        return self.message["ok"]


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


class CoreProcess:
    """One Node process with the published `@instantdb/core` in it."""

    def __init__(self, server: ServerAddress) -> None:
        install_sdks()
        self.server = server
        self.clients: dict[str, CoreClient] = {}
        self.subscriptions: dict[str, LiveQuery] = {}
        self.visits: dict[str, EventReceiver] = {}
        self._promises: dict[int, Promise] = {}
        self._ids = itertools.count(1)
        self._asking = threading.Lock()
        self._changed = threading.Condition()
        self._ended = False
        self._complaints: list[str] = []
        self._node = subprocess.Popen(
            [program("node"), str(HERE / "core_driver.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=node_environment(),
        )
        self._readers = [
            threading.Thread(target=self._read_messages, name="core messages", daemon=True),
            threading.Thread(target=self._read_complaints, name="core stderr", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

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

    def ask(self, command: str, **fields: Any) -> Promise:
        """Send one command; its answer comes through the promise."""
        promise = Promise(self, command)
        number = next(self._ids)
        self._promises[number] = promise
        line = json.dumps({"id": number, "do": command, **fields}) + "\n"
        with self._asking:
            assert self._node.stdin is not None
            self._node.stdin.write(line)
            self._node.stdin.flush()
        return promise

    def wait_until(
        self,
        holds: Callable[[], bool],
        what: str,
        timeout: float = WAIT_SECONDS,
        seen: Callable[[], str] = lambda: "",
    ) -> None:
        """Wait for a condition over what arrived from Node, which is checked at every arrival."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not holds():
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    why = "Node ended" if self._ended else f"{timeout:g} s passed"
                    raise AssertionError(
                        f"waited for {what}, but {why}; {seen()}\n" + "\n".join(self._complaints)
                    )
                self._changed.wait(left)

    def stop(self) -> None:
        if self._node.stdin is not None:
            self._node.stdin.close()
        try:
            self._node.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._node.kill()
            self._node.wait()
        for reader in self._readers:
            reader.join(STOP_SECONDS)

    def _read_messages(self) -> None:
        assert self._node.stdout is not None
        for line in self._node.stdout:
            with self._changed:
                self._receive(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _receive(self, message: dict[str, Any]) -> None:
        match message:
            case {"visit": name}:
                if visit := self.visits.get(name):
                    visit.receive(message)
            case {"id": number}:
                self._promises.pop(number).message = message
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

    def _read_complaints(self) -> None:
        assert self._node.stderr is not None
        for line in self._node.stderr:
            self._complaints.append(line.rstrip())


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
