"""How fast InstaQL answers, beside hand-written SQL: `python -m bench.queries`.

Needs a migrated database with `manage.py load_sample --apps 250 --triples 2100000`, named by
`INSTANT_DATABASE_URL`. Builds ordinary tables with the same data and ordinary indexes, then
asks every question in both languages in turn, so that whatever else the machine does hits both.
"ours" is the whole answer: the query checked and compiled (or found in the cache), run, and its
wire JSON received. Beside the clock's stands the processor's time, of this process and of
PostgreSQL's: on a machine with other work the clock says more about the others.
`--sockets URL` asks a running server for 20 rows and a link as fast as it can.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.percentiles import Percentiles
from bench.queries import nest, ordinary_tables, sockets
from bench.queries.questions import QUESTIONS, AskedApp, Question, asked_app, nth_app
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.sql.pool import Connection, configure, session_options

MIN_TRIPLES: Final = 2_000_000
MIN_APPS: Final = 200
WARM_UP_ROUNDS: Final = 10  # plans are prepared, pages are in memory
ADMIN: Final = Viewer(is_admin=True, user_id=None)


def main() -> int:
    """Prepare, measure, print; not 0 when a target is missed."""
    arguments = _arguments()
    url = os.environ["INSTANT_DATABASE_URL"]
    if arguments.sockets:
        return sockets.measure(url, arguments.sockets, arguments.seconds)
    with psycopg.connect(url, autocommit=True, options=session_options(0)) as conn:
        _check_size(conn)
        if not nest.is_stored(conn):
            asyncio.run(_store_nest(url))
            conn.execute("vacuum analyze triples")
            ordinary_tables.build(conn)
        elif not ordinary_tables.is_built(conn):
            ordinary_tables.build(conn)
        apps = {"biggest app": nth_app(conn, 1), "50th app": nth_app(conn, 50)}
        nested = {"100 × 10 × 10": asked_app(conn, nest.APP_ID, 0)}
    return asyncio.run(_measure_all(url, apps, nested, arguments.rounds, arguments.only))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.queries", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--only", default="", help="questions whose name has this in it")
    parser.add_argument("--sockets", metavar="WS_URL", help="e.g. ws://localhost:8888")
    parser.add_argument("--seconds", type=float, default=20)
    return parser.parse_args()


def _check_size(conn: psycopg.Connection[Any]) -> None:
    row = conn.execute("select count(*), count(distinct app_id) from triples").fetchone()
    assert row is not None
    if row[0] < MIN_TRIPLES or row[1] < MIN_APPS:
        raise SystemExit(f"{row[0]} triples in {row[1]} apps are too few; load the sample apps")
    print(f"{row[0]} triples in {row[1]} apps")


async def _connect(url: str) -> Connection:
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True, options=session_options(0))
    await configure(conn)
    return conn


async def _store_nest(url: str) -> None:
    async with await _connect(url) as conn:
        await nest.store(conn)


async def _measure_all(
    url: str, apps: dict[str, AskedApp], nested: dict[str, AskedApp], rounds: int, only: str
) -> int:
    missed = 0
    print(
        "| question | app | ours p50 / p95, ms | SQL p50 / p95, ms | ratio | target | CPU ratio |"
    )
    print("|---|---|--:|--:|--:|--:|--:|")
    async with await _connect(url) as conn:
        for question in QUESTIONS:
            if only not in question.name:
                continue
            for name, app in (nested if question.nested else apps).items():
                count = max(20, rounds // 10) if question.nested else rounds
                missed += await _measure(conn, question, name, app, count)
    return 1 if missed else 0


async def _measure(
    conn: Connection, question: Question, name: str, app: AskedApp, rounds: int
) -> bool:
    """Ask one question in turns, print its line, and say whether its target is missed."""
    catalog = await load_catalog(conn, app.id)
    rng = random.Random(question.name)
    ours = _Times([], [])
    theirs = _Times([], [])
    for number in range(WARM_UP_ROUNDS + rounds):
        drawn = {"app": app.id, **question.draw(app, rng)}
        turns = [(_ask_ours, ours), (_ask_sql, theirs)]
        for ask, times in turns if number % 2 else turns[::-1]:
            started, used = time.perf_counter(), _cpu_ms(conn)
            await ask(conn, catalog, question, drawn)
            if number >= WARM_UP_ROUNDS:
                times.clock.append((time.perf_counter() - started) * 1000)
                times.cpu.append(_cpu_ms(conn) - used)
    return _print_line(question, name, ours, theirs)


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of each round, by the clock and by the processor."""

    clock: list[float]
    cpu: list[float]


def _cpu_ms(conn: Connection) -> float:
    """What this process and the connection's in PostgreSQL have used of processors so far."""
    nanoseconds = 0
    for process in ("self", str(conn.info.backend_pid)):
        nanoseconds += int(Path(f"/proc/{process}/schedstat").read_text().split()[0])
    return nanoseconds / 1e6


async def _ask_ours(
    conn: Connection, catalog: AttrCatalog, question: Question, drawn: dict[str, Any]
) -> None:
    answer = await run_query(conn, prepare_query(question.instaql(drawn), catalog, ADMIN))
    assert answer.result


async def _ask_sql(
    conn: Connection, catalog: AttrCatalog, question: Question, drawn: dict[str, Any]
) -> None:
    await (await conn.execute(question.sql, drawn)).fetchall()


def _print_line(question: Question, name: str, our_times: _Times, their_times: _Times) -> bool:
    ours, theirs = Percentiles.of(our_times.clock), Percentiles.of(their_times.clock)
    ratio = ours.p50 / theirs.p50
    cpu_ratio = statistics.median(our_times.cpu) / statistics.median(their_times.cpu)
    target = f"≤ {question.target}" if question.target else ""
    print(
        f"| {question.name} | {name} | {ours.p50:.2f} / {ours.p95:.2f}"
        f" | {theirs.p50:.2f} / {theirs.p95:.2f} | {ratio:.2f} | {target} | {cpu_ratio:.2f} |",
        flush=True,
    )
    return question.target is not None and ratio > question.target


if __name__ == "__main__":
    sys.exit(main())
