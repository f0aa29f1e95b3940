"""Rounds of one kind: change an item, wait for the callback that shows it, say how long it took."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg

from bench.latency.world import Items
from bench.percentiles import Percentiles
from bench.server import BenchServer
from tests.realtime.peer import Peer, peer
from tests.sdk.apps import create_app
from tests.sdk.core_clients import core_process

PAUSE_SECONDS = (0.001, 0.004)  # between rounds, at random, so that rounds keep no rhythm
NANOSECONDS_PER_MS = 1_000_000


class Took(NamedTuple):
    """One round in milliseconds: up to the callback, and up to the frame that led to it."""

    whole: float
    until_frame: float


@dataclass(slots=True)
class Series:
    """Rounds of one kind: how to run them, what is allowed, and what they took."""

    name: str
    run: Callable[[int], list[Took]]
    target: float | None = None
    took: list[Took] = field(default_factory=list)

    def measure(self, rounds: int) -> None:
        """Run rounds that count."""
        self.took += self.run(rounds)

    @property
    def whole(self) -> Percentiles:
        """How long the rounds took."""
        return Percentiles.of([took.whole for took in self.took])

    @property
    def until_frame(self) -> Percentiles:
        """How long it took until the frame was there; the rest is the SDK's own work."""
        return Percentiles.of([took.until_frame for took in self.took])


class Rounds:
    """An app with `count` items, each shown by a live query of one subscriber."""

    def __init__(self, server: BenchServer, count: int) -> None:
        self.server = server
        self.count = count
        self._stack = ExitStack()
        self._round = 0

    def __enter__(self) -> Self:
        app = create_app(self.server, f"latency of {self.count}")
        self.writer = self._stack.enter_context(peer(self.server, app.id))
        self.writer.init(app.id)
        self.items = Items.create(self.writer, app, self.count)
        core = self._stack.enter_context(core_process(self.server))
        core.stop_recording_frames()
        self.queries = self.items.watch(core.connect(app.id, "subscriber"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def run(self, rounds: int) -> list[Took]:
        """Run rounds; what each took."""
        return list(self._took(rounds))

    def change(self, number: int, n: int) -> int:
        """Change one item; when that began, in nanoseconds."""
        raise NotImplementedError

    def settle(self) -> None:
        """Do what a round leaves over, outside of its time."""

    def _took(self, rounds: int) -> Iterable[Took]:
        for _ in range(rounds):
            self._round += 1
            number, n = self._round % self.count, self._round
            started = self.change(number, n)
            shown = self.queries[number].wait_until(_shows(n), f"n = {n}")
            yield Took(
                (shown.at_ns - started) / NANOSECONDS_PER_MS,
                (shown.arrived_ns - started) / NANOSECONDS_PER_MS,
            )
            self.settle()
            time.sleep(random.uniform(*PAUSE_SECONDS))


class SqlRounds(Rounds):
    """The change is a plain SQL commit, made past the server."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._conn: psycopg.Connection[Any] = self._stack.enter_context(
            psycopg.connect(self.server.database_url, autocommit=True)
        )
        return self

    def change(self, number: int, n: int) -> int:
        return self.items.commit_sql(self._conn, number, n)


class SocketRounds(Rounds):
    """The change is a `transact` of another client."""

    writer: Peer

    def change(self, number: int, n: int) -> int:
        return self.items.commit_through_socket(self.writer, number, n)

    def settle(self) -> None:
        self.writer.hear("transact-ok")


def _shows(n: int) -> Callable[[Any], bool]:
    return lambda data: bool(data["items"][0]["n"] == n)
