"""How long a start takes and what an idle server weighs: `python -m bench.startup`.

Two databases, with 10 and with 10,000 idle apps, are started in turn, each as often first as last,
since whoever comes second finds the machine otherwise. Times are from the launch of
the process to a healthy answer; memory is the process' resident set, without PostgreSQL. Targets:
start ≤ 5 s, memory ≤ 150 MB, and less than 5 % between the two.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.server import bench_postgres
from tests.served import ServedDatabase, served_database

TARGET_SECONDS = 5.0
TARGET_MEGABYTES = 150.0
TARGET_DIFFERENCE = 0.05
APPS = (10, 10_000)

MAKE_APPS = """
with made as (
  insert into apps (id, title, status, created_at)
  select gen_random_uuid(), 'idle ' || n, 'active', now() from generate_series(1, %s) n
  returning id
)
insert into app_admin_tokens (token_hash, app_id, created_at)
select encode(sha256(id::text::bytea), 'hex'), id, now() from made
"""


@dataclass(slots=True)
class Row:
    """What was measured with one number of apps."""

    apps: int
    server: ServedDatabase
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Start, weigh, stop."""
        began = time.perf_counter()
        self.server.start()
        self.seconds.append(time.perf_counter() - began)
        self.megabytes.append(_resident_megabytes(self.server))
        self.server.stop()

    def medians(self) -> tuple[float, float]:
        """Seconds and megabytes."""
        return statistics.median(self.seconds), statistics.median(self.megabytes)


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    parser = argparse.ArgumentParser(prog="bench.startup", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="starts of each (10)")
    rounds = parser.parse_args().rounds
    with bench_postgres(), ExitStack() as stack:
        rows = [_prepared(stack, apps) for apps in APPS]
        for turn in range(rounds):
            for row in rows if turn % 2 else reversed(rows):
                row.measure()
    print(f"{'idle apps':>10}  {'start, s':>9}  {'memory, MB':>10}")
    for row in rows:
        seconds, megabytes = row.medians()
        print(f"{row.apps:>10,}  {seconds:>9.3f}  {megabytes:>10.1f}")
    return _verdict(*(row.medians() for row in rows))


def _prepared(stack: ExitStack, apps: int) -> Row:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="instant-bench-"))
    server = stack.enter_context(served_database(Path(folder)))
    server.start()
    server.stop()
    with psycopg.connect(server.database_url) as conn:
        conn.execute(MAKE_APPS, [apps])
    return Row(apps, server)


def _resident_megabytes(server: ServedDatabase) -> float:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def _verdict(few: tuple[float, float], many: tuple[float, float]) -> int:
    claims = {
        f"start ≤ {TARGET_SECONDS:.0f} s": max(few[0], many[0]) <= TARGET_SECONDS,
        f"memory ≤ {TARGET_MEGABYTES:.0f} MB": max(few[1], many[1]) <= TARGET_MEGABYTES,
        "start differs < 5 %": abs(many[0] / few[0] - 1) < TARGET_DIFFERENCE,
        "memory differs < 5 %": abs(many[1] / few[1] - 1) < TARGET_DIFFERENCE,
    }
    for claim, is_met in claims.items():
        print(f"{'met' if is_met else 'MISSED'}: {claim}")
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
