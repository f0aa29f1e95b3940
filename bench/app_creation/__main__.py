"""How long it takes to make an app over HTTP: `python -m bench.app_creation`.

Apps are made one after the other, each over a connection of its own as `npx create-instant-app`
does. Target: p95 ≤ 20 ms over 200 creations on an idle machine. The server must allow that many
creations an hour from one address.
"""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error

from bench.percentiles import Percentiles, print_table
from bench.server import BenchServer, bench_server
from tests.sdk.apps import create_app

WARM_UP_CREATIONS = 10
TARGET_P95_MS = 20.0


def main() -> int:
    """Measure, print the table, and say whether the target is met."""
    parser = argparse.ArgumentParser(prog="bench.app_creation", description=__doc__)
    parser.add_argument("--creations", type=int, default=200)
    arguments = parser.parse_args()
    with bench_server() as server:
        try:
            for _ in range(WARM_UP_CREATIONS):
                _create(server)
            took = Percentiles.of([_create(server) for _ in range(arguments.creations)])
        except urllib.error.HTTPError as error:
            raise SystemExit(f"The server refused a creation: {error.read().decode()}") from error
    print_table([("POST /dash/apps/ephemeral", took)], None)
    met = took.p95 <= TARGET_P95_MS
    print(f"p95 ≤ {TARGET_P95_MS:.0f} ms: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def _create(server: BenchServer) -> float:
    """Milliseconds from asking to having read the answer."""
    started = time.perf_counter()
    create_app(server, "bench")
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
