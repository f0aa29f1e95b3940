"""One write among live queries with distinct constants: `python -m bench.selectivity`.

Two apps of one server, one with 100 live queries and one with 10,000; each query asks for another
value of one indexed attr. Rounds alternate between the apps: each changes one item so that one
query's answer differs, and waits until its socket has the new answer.
Target: p95 among 10,000 at most 1.3 times that among 100.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
import uuid
from dataclasses import dataclass, field

import psycopg

from bench.percentiles import Percentiles, print_table
from bench.raw_socket import RawSocket, allow_many_sockets, logged_in
from bench.server import BenchServer, bench_server
from tests.realtime.steps import Namespace
from tests.sdk.apps import create_app

FEW, MANY = 100, 10_000
QUERIES_A_SOCKET = 100
BLOCK = 20
WARM_UP = 40
TIMES_FEW = 1.3
ROUND_SECONDS = 30.0
STEPS_AT_ONCE = 2_000


@dataclass(slots=True)
class Crowd:
    """An app with live queries, each of which shows one item."""

    writer: RawSocket
    items: Namespace
    ids: list[str]
    took: list[float] = field(default_factory=list)
    watchers: list[RawSocket] = field(default_factory=list)
    _mark: bytes = b""
    _arrived: asyncio.Future[float] | None = None

    @classmethod
    async def of(cls, server: BenchServer, queries: int) -> Crowd:
        """Store the items, open the sockets and ask the queries."""
        app = create_app(server, f"{queries} live queries")
        items = Namespace.of("items", "key", "text")
        writer = await logged_in(server.ws_url, app.id)
        crowd = cls(writer, items, [str(uuid.uuid4()) for _ in range(queries)])
        key = items.attr("key") | {"index?": True}
        attrs = [["add-attr", items.attr("id")], ["add-attr", items.attr("text")]]
        await writer.ask({"op": "transact", "tx-steps": [*attrs, ["add-attr", key]]})
        for first in range(0, queries, STEPS_AT_ONCE):
            steps = [
                step
                for number, entity in enumerate(crowd.ids[first : first + STEPS_AT_ONCE], first)
                for step in items.put(entity, key=f"k{number}", text="at first")
            ]
            answer = await writer.ask({"op": "transact", "tx-steps": steps})
            assert answer["op"] == "transact-ok", answer
        for first in range(0, queries, QUERIES_A_SOCKET):
            socket = await logged_in(server.ws_url, app.id)
            socket.on_text = crowd._hear
            crowd.watchers.append(socket)
            for number in range(first, min(first + QUERIES_A_SOCKET, queries)):
                query = {"items": {"$": {"where": {"key": f"k{number}"}}}}
                answer = await socket.ask({"op": "add-query", "q": query})
                assert answer["op"] == "add-query-ok", answer
        return crowd

    def leave(self) -> None:
        """End every session on the app; nobody watches it any more."""
        for socket in (self.writer, *self.watchers):
            socket.abort()

    async def rounds(self, count: int) -> list[float]:
        """Milliseconds from a write's leaving to the one answer it changes."""
        return [await self._round() for _ in range(count)]

    async def _round(self) -> float:
        mark = str(uuid.uuid4())
        self._mark = mark.encode()
        self._arrived = asyncio.get_running_loop().create_future()
        step = ["add-triple", random.choice(self.ids), self.items.attr_ids["text"], mark]
        began = time.monotonic()
        self.writer.send(
            {"op": "transact", "tx-steps": [step], "client-event-id": str(uuid.uuid4())}
        )
        async with asyncio.timeout(ROUND_SECONDS):
            return (await self._arrived - began) * 1000

    def _hear(self, text: bytes, at: float) -> None:
        if self._mark and self._mark in text and self._arrived and not self._arrived.done():
            self._arrived.set_result(at)


def main() -> int:
    """Measure, print the table, and say whether the target is met."""
    arguments = _arguments()
    allow_many_sockets()
    with bench_server() as server:
        return asyncio.run(_measure(server, arguments))


async def _measure(server: BenchServer, arguments: argparse.Namespace) -> int:
    crowds = [await Crowd.of(server, FEW), await Crowd.of(server, arguments.queries)]
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        conn.execute("analyze triples")  # as autovacuum does within a minute of such a load
    for crowd in crowds:
        await crowd.rounds(WARM_UP)
    for _ in range(arguments.rounds // BLOCK):
        for crowd in random.sample(crowds, 2):
            crowd.took += await crowd.rounds(BLOCK)
    few, many = (Percentiles.of(crowd.took) for crowd in crowds)
    print_table(
        [
            (f"write → refresh, {FEW} live queries", few),
            (f"write → refresh, {arguments.queries:,} live queries", many),
        ],
        few,
    )
    times = many.p95 / few.p95
    word = "met" if times <= TIMES_FEW else "MISSED"
    print(f"{word}: p95 is {times:.2f} × that of {FEW} live queries ({TIMES_FEW:g} allowed)")
    return 0 if times <= TIMES_FEW else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.selectivity", description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=MANY, help="live queries (10,000)")
    parser.add_argument("--rounds", type=int, default=400, help="writes among each (400)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
