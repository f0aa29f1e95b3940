"""Which physical design of the triples table is best: `python -m bench.physical_design`.

Needs a migrated database with `manage.py load_sample --apps 250 --triples 2100000`, named by
`INSTANT_DATABASE_URL`. Builds each design beside it in a schema of its own, fills it with the same
rows, and asks every design the same questions in turn, so that whatever else the machine does
hits all of them. Prints one table in Markdown; `--evidence` writes one `EXPLAIN (ANALYZE, BUFFERS)`
a question and design; the schema is dropped at the end unless `--keep`.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psycopg
from rich.progress import track

from bench.percentiles import Percentiles
from bench.physical_design.designs import DESIGNS, FUNCTIONS, SCHEMA, Design
from bench.physical_design.questions import QUESTIONS, Question, World, world
from bench.physical_design.writes import Bulk, change_value, insert_comment, load
from triples.sql.pool import session_options

MIN_TRIPLES = 2_000_000
WARM_UP_ROUNDS = 20
RANKS = {1: "biggest app", 50: "50th app"}

Times = dict[tuple[str, str], list[float]]


def main() -> None:
    """Build, measure, print, clean up."""
    arguments = _arguments()
    with psycopg.connect(
        os.environ["INSTANT_DATABASE_URL"], autocommit=True, options=session_options(0)
    ) as conn:
        conn.prepare_threshold = 2
        bulk = {} if arguments.reuse else _build(conn)
        worlds = {name: world(conn, rank) for rank, name in RANKS.items()}
        times = _measure(conn, worlds, arguments.rounds)
        _print(conn, bulk, times)
        if arguments.evidence is not None:
            _write_evidence(conn, worlds[RANKS[1]], arguments.evidence)
        if not arguments.keep:
            conn.execute(f"drop schema {SCHEMA} cascade")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.physical_design", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--evidence", type=Path, help="folder for the plans")
    parser.add_argument("--keep", action="store_true", help="leave the schema for a look")
    parser.add_argument("--reuse", action="store_true", help="take the schema a run has kept")
    return parser.parse_args()


def _build(conn: psycopg.Connection[Any]) -> dict[str, Bulk]:
    row = conn.execute("select count(*), count(distinct app_id) from triples").fetchone()
    if row is None or row[0] < MIN_TRIPLES:
        raise SystemExit("Fewer than two million triples: run `manage.py load_sample` first.")
    print(f"{row[0]:,} triples of {row[1]} apps\n")
    conn.execute(f"drop schema if exists {SCHEMA} cascade")
    conn.execute(f"create schema {SCHEMA}")
    conn.execute(FUNCTIONS)
    bulk = {}
    for design in track(DESIGNS, "filling the tables"):
        conn.execute(design.definition)
        bulk[design.name] = load(conn, design)
    conn.execute("checkpoint")
    return bulk


def _measure(conn: psycopg.Connection[Any], worlds: dict[str, World], rounds: int) -> Times:
    times: Times = defaultdict(list)
    rng = random.Random(7)
    for number in track(range(-WARM_UP_ROUNDS, rounds), "asking and writing"):
        for size, asked in worlds.items():
            for question in QUESTIONS:
                drawn = question.draw(asked, rng)
                for design in rng.sample(DESIGNS, len(DESIGNS)):
                    took = _ask(conn, question, design, drawn)
                    if number >= 0:
                        times[f"{question.name}, {size}", design.name].append(took)
        asked = worlds[RANKS[1]]
        for design in rng.sample(DESIGNS, len(DESIGNS)):
            inserted = insert_comment(conn, design, asked, rng)
            changed = change_value(conn, design, asked, rng)
            if number >= 0:
                times["insert a comment (5 triples)", design.name].append(inserted)
                times["change one indexed number", design.name].append(changed)
    return times


def _ask(
    conn: psycopg.Connection[Any], question: Question, design: Design, drawn: dict[str, Any]
) -> float:
    """Milliseconds until all rows have arrived."""
    statement, values = question.statement(design), question.values(drawn, design)
    started = time.perf_counter()
    conn.execute(statement, values).fetchall()
    return (time.perf_counter() - started) * 1000


def _print(conn: psycopg.Connection[Any], bulk: dict[str, Bulk], times: Times) -> None:
    names = [design.name for design in DESIGNS]
    print("\n| | " + " | ".join(names) + " |")
    print("|---|" + "--:|" * len(names))
    if bulk:
        _print_row("load all rows, s", [f"{bulk[name].seconds:.1f}" for name in names])
        _print_row("log written by it, MB", [f"{bulk[name].wal_bytes / 1e6:.0f}" for name in names])
    sizes = {design.name: _sizes(conn, design) for design in DESIGNS}
    _print_row("size with indexes, MB", [f"{sum(sizes[name].values()):.0f}" for name in names])
    for part in dict.fromkeys(part for name in names for part in sizes[name]):
        cells = [f"{sizes[name][part]:.0f}" if part in sizes[name] else "–" for name in names]
        _print_row(f"– {part}", cells)
    for question in dict.fromkeys(question for question, _ in times):
        series = [Percentiles.of(times[question, name]) for name in names]
        _print_row(f"{question}, ms p50 / p95", [f"{it.p50:.2f} / {it.p95:.2f}" for it in series])


def _print_row(title: str, cells: list[str]) -> None:
    print(f"| {title} | " + " | ".join(cells) + " |")


def _sizes(conn: psycopg.Connection[Any], design: Design) -> dict[str, float]:
    """Megabytes of the rows and of each index, by what the index is for."""
    rows = conn.execute(
        "select replace(replace(relname, %s, ''), %s, ''), pg_relation_size(oid) / 1e6::float8"
        " from pg_class where oid = %s::regclass"
        " or oid in (select indexrelid from pg_index where indrelid = %s::regclass)"
        " order by relkind desc, relname",
        (design.name + "_", design.name.replace("-", "_") + "_", design.table, design.table),
    ).fetchall()
    return {"rows" if part == design.name else f"index {part}": size for part, size in rows}


def _write_evidence(conn: psycopg.Connection[Any], asked: World, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(11)
    for question in QUESTIONS:
        drawn = question.draw(asked, rng)
        pages = []
        for design in DESIGNS:
            values = question.values(drawn, design)
            statement = question.statement(design)
            explain = f"explain (analyze, buffers, costs off) {statement}"
            plan = conn.execute(explain, values).fetchall()
            pages.append("\n".join([f"## {design.name}", statement, "", *(row[0] for row in plan)]))
        name = question.name.replace(",", "").replace(" ", "-")
        (folder / f"{name}.txt").write_text("\n\n".join(pages) + "\n")


if __name__ == "__main__":
    main()
