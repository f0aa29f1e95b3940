"""Sustained writes a second: `python -m bench.writes`.

One write is what an SDK sends for `create` with three properties: an id and three values, one of
them indexed and typed. Writers send the next write when the last one is answered. With `--url` they
are sockets of a running server; without, they call the write path in this process, which says what
it costs without sockets and the change feed. Beside it `pgbench` stores the same four rows with one
insert and one commit each, over as many connections.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from bench.percentiles import Percentiles
from bench.writes.floor import pgbench
from bench.writes.writers import DirectWriters, SocketWriters, Writers

FLOOR_PER_SECOND = 200
TARGET_PER_SECOND = 600
TARGET_P95_MS = 60.0
SHAPES = ((1, 1), (4, 1), (16, 1), (16, 16))  # writers, apps


def main() -> int:
    """Measure every shape; not 0 below the floor over 16 apps."""
    arguments = _arguments()
    writers: Writers = (
        DirectWriters(arguments.database)
        if arguments.url is None
        else SocketWriters(arguments.database, arguments.url)
    )
    print(f"{'':44} {'tx/s':>8} {'p50':>8} {'p95':>8} {'p99':>8}   ms")
    for count, apps in SHAPES:
        rate, took = asyncio.run(writers.measure(count, apps, arguments.seconds))
        _print(f"{count} writers, {apps} apps", rate, took)
        floor = pgbench(arguments.database, count, arguments.seconds)
        print(f"{f'pgbench, {count} connections':44} {floor.per_second:8.0f} {floor.mean_ms:8.2f}")
    is_met = rate >= TARGET_PER_SECOND and took.p95 <= TARGET_P95_MS
    print(
        f"target over 16 apps: ≥ {TARGET_PER_SECOND} tx/s, p95 ≤ {TARGET_P95_MS:g} ms:"
        f" {'met' if is_met else 'missed'}"
    )
    return 0 if rate >= FLOOR_PER_SECOND else 1


def _print(name: str, rate: float, took: Percentiles) -> None:
    print(f"{name:44} {rate:8.0f} {took.p50:8.2f} {took.p95:8.2f} {took.p99:8.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.writes")
    parser.add_argument("--database", required=True, help="URL of a migrated database")
    parser.add_argument("--url", help="ws://host:port of a server that uses this database")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each measurement")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
