"""How long a change takes to reach a subscriber: `python -m bench.latency`.

Each round changes one item and waits for the callback of the one live query that shows it, in a
Node process with the published SDK. Rounds of the product and of the floor alternate in small
blocks, so that whatever else the machine does hits both. Times are CLOCK_MONOTONIC, which Python
and Node read alike; the driver, the server and PostgreSQL share the machine.

Rows:
- floor: a raw insert's commit → decoded from a slot → one frame over a loopback socket
- commit → callback: a plain SQL commit, with 1 and with 100 subscriptions of distinct queries
- sent → callback: a `transact` written to a socket, to another client's callback
- … until its frame: the same rounds without what the SDK does between frame and callback
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.latency.floor import FloorRounds
from bench.latency.rounds import Series, SocketRounds, SqlRounds
from bench.percentiles import Percentiles, print_table
from bench.server import BenchServer, bench_server

BLOCK_ROUNDS = 20
WARM_UP_ROUNDS = 40  # plans are prepared, code paths are hot
TARGETS = {1: 3.0, 100: 4.0}  # subscriptions → how many times the floor's p50 is allowed


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    arguments = _arguments()
    with bench_server() as server, _all_series(server) as (floor, series):
        everything = [floor, *series]
        for each in everything:
            each.run(WARM_UP_ROUNDS)
        for _ in range(0, arguments.rounds, BLOCK_ROUNDS):
            for each in random.sample(everything, len(everything)):
                each.measure(BLOCK_ROUNDS)
    rows = [(floor.name, floor.whole)]
    for each in series:
        rows += [(each.name, each.whole), ("  … until its frame", each.until_frame)]
    print_table(rows, floor.whole)
    return _verdict(series, floor.whole)


@contextmanager
def _all_series(server: BenchServer) -> Iterator[tuple[Series, list[Series]]]:
    with ExitStack() as stack:
        floor = stack.enter_context(FloorRounds(server))
        series = []
        for count, target in TARGETS.items():
            sql = stack.enter_context(SqlRounds(server, count))
            series.append(Series(f"commit → callback, {_queries(count)}", sql.run, target))
        for count in TARGETS:
            socket = stack.enter_context(SocketRounds(server, count))
            series.append(Series(f"sent → callback, {_queries(count)}", socket.run))
        yield Series("floor: commit → decoded → frame", floor.run), series


def _queries(count: int) -> str:
    return f"{count} live quer{'y' if count == 1 else 'ies'}"


def _verdict(series: list[Series], floor: Percentiles) -> int:
    """Print a line for each target; the exit status."""
    missed = 0
    for each in series:
        if each.target is not None:
            times = each.whole.p50 / floor.p50
            is_met = times <= each.target
            missed += not is_met
            word = "met" if is_met else "MISSED"
            print(f"{word}: {each.name} takes {times:.2f} × the floor, {each.target:g} allowed")
    return min(missed, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.latency", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=400, help="rounds of each row (400)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
