"""Deleting and restoring an attr of 1,000,000 values: `python -m bench.attr_lifecycle`.

The attr is indexed and typed. Each is timed from the call to the commit, many times, while somebody
writes to another app; so are those writes, beside the same with nothing else going on. Then the job
that takes the restored attr out of its index runs for a while, with writers to the other app and
to its own. Targets: ≤ 20 ms to delete and to restore, and no write of another app that waits for a
lock for longer than 50 ms (PostgreSQL gives such a wait up, and the bench counts them).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from bench.attr_lifecycle.world import BigAttr, Writing
from bench.percentiles import Percentiles, print_table
from bench.server import bench_server
from bench.writes.writers import App, made_app
from triples.indexing.stages import run_batch
from triples.sql import pool

TARGET_MS = 20.0
PATIENCE_MS = 50
QUIET_SECONDS = 5.0
PASSED = "select sum(work_completed) from indexing_jobs where app_id = %s::uuid"


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    parser = argparse.ArgumentParser(prog="bench.attr_lifecycle", description=__doc__)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=50, help="deletions and restorations (50)")
    parser.add_argument("--job-seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with bench_server() as server:
        server.stop()  # it has made the tables; its own work must not stand beside the measured
        return asyncio.run(_measure(server.database_url, arguments))


async def _measure(database_url: str, arguments: argparse.Namespace) -> int:
    await pool.open_pool(database_url, max_size=4)
    try:
        big, other = await BigAttr.make(), await made_app()
        await asyncio.to_thread(big.fill, database_url, arguments.values)
        quiet = await _quiet(other)
        deleting, restoring, beside = await _rounds(big, other, arguments.rounds)
        rate, beside_job, own = await _job(big, other, arguments.job_seconds)
    finally:
        await pool.close_pool()
    print_table(
        [
            (f"delete an attr of {arguments.values:,} values", deleting),
            ("restore it", restoring),
            ("a write to another app, nothing beside it", Percentiles.of(quiet.took)),
            ("… beside deletions and restorations", Percentiles.of(beside.took)),
            ("… beside the job", Percentiles.of(beside_job.took)),
            ("a write to its own app beside the job", Percentiles.of(own.took)),
        ],
        None,
    )
    print(f"the job: {rate:,.0f} values a second")
    return _verdict(
        {
            f"delete, p95 {deleting.p95:.1f} ms": deleting.p95 <= TARGET_MS,
            f"restore, p95 {restoring.p95:.1f} ms": restoring.p95 <= TARGET_MS,
            f"{beside.blocked} other writes gave up beside deletions": not beside.blocked,
            f"{beside_job.blocked} other writes gave up beside the job": not beside_job.blocked,
        }
    )


async def _quiet(other: App) -> Writing:
    async with Writing(other) as writing:
        await asyncio.sleep(QUIET_SECONDS)
    return writing


async def _rounds(
    big: BigAttr, other: App, rounds: int
) -> tuple[Percentiles, Percentiles, Writing]:
    """Deletions, restorations, and what was written beside them."""
    deleting, restoring = [], []
    async with Writing(other, PATIENCE_MS) as writing:
        for _ in range(rounds):
            deleting.append(await big.step("delete-attr"))
            restoring.append(await big.step("restore-attr"))
    return Percentiles.of(deleting), Percentiles.of(restoring), writing


async def _job(big: BigAttr, other: App, seconds: float) -> tuple[float, Writing, Writing]:
    """Values a second, and the writes of the other app and of the attr's own."""
    started = time.perf_counter()
    async with (
        pool.connection() as conn,
        Writing(other, PATIENCE_MS) as others,
        Writing(big.app) as own,
    ):
        while time.perf_counter() - started < seconds and await run_batch(conn, big.app.id):
            pass
        took = time.perf_counter() - started
        row = await (await conn.execute(PASSED, (big.app.id,))).fetchone()
    return (0 if row is None else int(row[0])) / took, others, own


def _verdict(results: dict[str, bool]) -> int:
    for name, is_met in results.items():
        print(f"{'met' if is_met else 'MISSED'}: {name}")
    return int(not all(results.values()))


if __name__ == "__main__":
    sys.exit(main())
