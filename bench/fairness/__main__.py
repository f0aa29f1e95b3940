"""A busy app beside a quiet one: `python -m bench.fairness`.

Apps of one server, each with 100 live queries. In every second block of rounds somebody changes
all 100 items of the busy app, 100 times a second: 10,000 changes a second, all of them watched. In
every third one the same is done to an app that nobody watches, which shows what of the delay is
the database's and the log's. Each round changes one item of the quiet app and waits until its
watcher has the new answer.
Target: p95 of the quiet app while the other one is busy at most 2 times that without.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from bench.percentiles import Percentiles, print_table
from bench.raw_socket import allow_many_sockets
from bench.selectivity.__main__ import Crowd
from bench.server import BenchServer, bench_server

ITEMS = 100
TRANSACTIONS_A_SECOND = 100
BLOCK = 50
SETTLE_SECONDS = 1.0  # it is measured what an app costs that changes without end, not a burst
WARM_UP = 40
TIMES_QUIET = 2.0

CHANGE_ALL = """
update triples set value = to_jsonb(%s::text)
where attr_id = %s::uuid and app_id = (select app_id from attrs where id = %s::uuid)
"""


class Disturber:
    """Changes every item of an app again and again, and counts."""

    def __init__(self, database_url: str, crowd: Crowd) -> None:
        self._database_url = database_url
        self._attr = crowd.items.attr_ids["text"]
        self.changes = 0
        self.seconds = 0.0

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Disturb for the length of a block."""
        began, work = time.monotonic(), asyncio.create_task(self._disturb())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self.seconds += time.monotonic() - began

    async def _disturb(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._database_url, autocommit=True
        ) as conn:
            next_at = time.monotonic()
            while True:
                done = await conn.execute(CHANGE_ALL, (str(next_at), self._attr, self._attr))
                self.changes += done.rowcount
                next_at += 1 / TRANSACTIONS_A_SECOND
                await asyncio.sleep(max(0.0, next_at - time.monotonic()))


def main() -> int:
    """Measure, print the table, and say whether the target is met."""
    arguments = _arguments()
    allow_many_sockets()
    with bench_server() as server:
        return asyncio.run(_measure(server, arguments.rounds))


async def _measure(server: BenchServer, rounds: int) -> int:
    quiet_app, busy_app, unwatched = [await Crowd.of(server, ITEMS) for _ in range(3)]
    unwatched.leave()
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        conn.execute("analyze triples")
    disturbers = [Disturber(server.database_url, crowd) for crowd in (unwatched, busy_app)]
    await quiet_app.rounds(WARM_UP)
    alone: list[float] = []
    beside: tuple[list[float], ...] = ([], [])
    for _ in range(rounds // BLOCK):
        alone += await quiet_app.rounds(BLOCK)
        for disturber, took in zip(disturbers, beside, strict=True):
            async with disturber.at_work():
                await asyncio.sleep(SETTLE_SECONDS)
                took += await quiet_app.rounds(BLOCK)
    quiet, unseen, busy = map(Percentiles.of, (alone, *beside))
    print_table(
        [
            ("write → refresh, alone", quiet),
            ("write → refresh, beside unwatched changes", unseen),
            ("write → refresh, beside watched changes", busy),
        ],
        quiet,
    )
    for name, disturber in zip(("unwatched", "watched"), disturbers, strict=True):
        print(f"{name}: {disturber.changes / disturber.seconds:,.0f} changes a second")
    times = busy.p95 / quiet.p95
    word = "met" if times <= TIMES_QUIET else "MISSED"
    print(f"{word}: p95 beside is {times:.2f} × that alone ({TIMES_QUIET:g} allowed)")
    return 0 if times <= TIMES_QUIET else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.fairness", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=400, help="writes of each kind (400)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
