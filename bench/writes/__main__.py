"""Sustained writes a second: `python -m bench.writes`.

One write is what an SDK sends for `create` with three properties: an id and three values, one of
them indexed and typed. Writers are sockets of a server started for the bench; each sends the next
write when the last one is answered. Beside every measurement `pgbench` stores the same four rows
with one insert and one commit each, over as many connections. With `--direct` writers call the
write path in this process, which says what it costs without sockets and the change feed.

The driver shares the machine. What it and the server cost is printed as CPU time a write, the
server's without PostgreSQL. Nobody subscribes to the apps.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time

from bench.percentiles import Percentiles
from bench.server import BenchServer, bench_server
from bench.writes.floor import pgbench
from bench.writes.writers import WARM_UP_SECONDS, DirectWriters, SocketWriters, Writers

FLOOR_PER_SECOND = 200
TARGET_PER_SECOND = 600
TARGET_P95_MS = 60.0
SHAPES = ((1, 1), (4, 1), (16, 1), (16, 16), (16, 16), (16, 16))  # writers, apps


def main() -> int:
    """Measure every shape; not 0 below the floor over 16 apps, by the median of its runs."""
    arguments = _arguments()
    with bench_server() as server:
        if arguments.direct:
            server.stop()
        found = [_measure(server, arguments, *shape) for shape in SHAPES]
    wide = [result for shape, result in zip(SHAPES, found, strict=True) if shape == (16, 16)]
    rate = statistics.median(rate for rate, _ in wide)
    p95 = statistics.median(took.p95 for _, took in wide)
    is_met = rate >= TARGET_PER_SECOND and p95 <= TARGET_P95_MS
    print(
        f"{'met' if is_met else 'MISSED'}: over 16 apps {rate:.0f} tx/s, p95 {p95:.1f} ms;"
        f" ≥ {TARGET_PER_SECOND} tx/s and ≤ {TARGET_P95_MS:g} ms are wanted"
    )
    return 0 if rate >= FLOOR_PER_SECOND else 1


def _measure(
    server: BenchServer, arguments: argparse.Namespace, count: int, apps: int
) -> tuple[float, Percentiles]:
    """One shape, beside pgbench, printed."""
    writers: Writers = (
        DirectWriters(server.database_url, arguments.rule)
        if arguments.direct
        else SocketWriters(server.database_url, f"ws://localhost:{server.port}", arguments.rule)
    )
    driver, served = time.process_time(), 0.0 if arguments.direct else server.cpu_seconds()
    rate, took = asyncio.run(writers.measure(count, apps, arguments.seconds))
    writes = rate * (arguments.seconds + WARM_UP_SECONDS) / 1000
    cost = f"{(time.process_time() - driver) / writes:6.2f} ms driver"
    if not arguments.direct:
        cost += f" {(server.cpu_seconds() - served) / writes:6.2f} ms server"
    _print(f"{count} writers, {apps} apps", rate, took, cost)
    floor = pgbench(server.database_url, count, arguments.seconds)
    print(f"{f'  pgbench, {count} connections':30} {floor.per_second:8.0f} {floor.mean_ms:8.2f}")
    return rate, took


def _print(name: str, rate: float, took: Percentiles, cost: str) -> None:
    figures = f"{rate:8.0f} {took.p50:8.2f} {took.p95:8.2f} {took.p99:8.2f}"
    print(f"{name:30} {figures}   {cost}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.writes")
    parser.add_argument("--direct", action="store_true", help="without a server")
    parser.add_argument("--rule", help="that says who may create todos; without, everybody may")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each measurement")
    arguments = parser.parse_args()
    print(f"{'':30} {'tx/s':>8} {'p50':>8} {'p95':>8} {'p99':>8}   ms; CPU a write")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
