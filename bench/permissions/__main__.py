"""What rules cost a query of 1,000 rows: `python -m bench.permissions`.

The same query of the same app is asked in turns without a rule, with one that compares a field, one
that follows two links, and one that only Python can decide. All rows may be seen by the asker, so
that the answers are equal and the rules are all the difference. Rules are not stored: each turn is
prepared with its own. "a row" is the median beyond that of no rule, divided by the rows; on a busy
machine the best turns say more. The closure's line is Python's part alone, for a simple rule.
Targets: field ≤ 1.3 ×, links ≤ 2 ×, Python ≤ 10 µs a row.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.percentiles import Percentiles
from bench.permissions.world import TodoWorld, store_todos
from bench.server import bench_server
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.permissions.evaluate import Series, evaluate_series
from triples.permissions.rules import Rules
from triples.permissions.scope import Bindings, RefKey
from triples.permissions.values import RefValues
from triples.sql import pool

WARM_UP_ROUNDS: Final = 10
QUERY: Final[dict[str, Any]] = {"todos": {}}


@dataclass(frozen=True, slots=True)
class Case:
    """A view rule, and what it may cost: times the query without one, or microseconds a row."""

    name: str
    rule: str | None
    most_times: float | None = None
    most_micros_a_row: float | None = None


CASES: Final = (
    Case("(a) no rule", None),
    Case("(b) auth.id == data.ownerId", "auth.id == data.ownerId", most_times=1.3),
    Case(
        "(c) auth.id in data.ref('team.members.id')",
        "auth.id in data.ref('team.members.id')",
        most_times=2,
    ),
    Case("(d) data.title.matches('^t')", "data.title.matches('^t')", most_micros_a_row=10),
)


def main() -> int:
    """Measure, print the table; not 0 when a target is missed."""
    parser = argparse.ArgumentParser(prog="bench.permissions", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    with bench_server() as server:
        server.stop()  # it has made the tables
        return asyncio.run(_measure(server.database_url, arguments.rows, arguments.rounds))


async def _measure(database_url: str, rows: int, rounds: int) -> int:
    await pool.open_pool(database_url, max_size=2)
    try:
        world = await store_todos(rows)
        took = await _in_turns(world, rounds)
    finally:
        await pool.close_pool()
    missed = _print(took, rows)
    print(f"closure of a simple rule: {await _closure_micros():.1f} µs a row (≤ 10)")
    return 1 if missed else 0


async def _in_turns(world: TodoWorld, rounds: int) -> list[list[float]]:
    """Milliseconds of each case's turns."""
    times: list[list[float]] = [[] for _ in CASES]
    async with pool.connection() as conn:
        await conn.execute("analyze triples")
        catalog = await load_catalog(conn, world.app_id)
        viewer = Viewer(is_admin=False, user_id=world.user_id)
        rules = [_rules(case, number) for number, case in enumerate(CASES)]
        for number in range(WARM_UP_ROUNDS + rounds):
            turns = range(len(CASES))
            for case in turns if number % 2 else reversed(turns):
                started = time.perf_counter()
                answer = await run_query(conn, prepare_query(QUERY, catalog, viewer, rules[case]))
                took = (time.perf_counter() - started) * 1000
                assert answer.result.count(b'"') > world.rows, "every row is seen"
                if number >= WARM_UP_ROUNDS:
                    times[case].append(took)
    return times


def _rules(case: Case, number: int) -> Rules:
    code = {} if case.rule is None else {"todos": {"allow": {"view": case.rule}}}
    rules = Rules(code, number, f"bench {number}")
    rules.prepare()
    return rules


def _print(took: list[list[float]], rows: int) -> int:
    missed = 0
    floor = Percentiles.of(took[0]).p50
    print("| view rule | best, ms | p50 / p95, ms | × no rule | µs a row | target |")
    print("|---|--:|--:|--:|--:|--:|")
    for case, milliseconds in zip(CASES, took, strict=True):
        series, best = Percentiles.of(milliseconds), min(milliseconds)
        times, micros = series.p50 / floor, (series.p50 - floor) * 1000 / rows
        target = ""
        if case.most_times is not None:
            target, is_missed = f"≤ {case.most_times} ×", times > case.most_times
            missed += is_missed
        if case.most_micros_a_row is not None:
            target, is_missed = f"≤ {case.most_micros_a_row} µs", micros > case.most_micros_a_row
            missed += is_missed
        print(
            f"| {case.name} | {best:.2f} | {series.p50:.2f} / {series.p95:.2f} | {times:.2f}"
            f" | {micros:.1f} | {target} |"
        )
    return missed


async def _closure_micros() -> float:
    """Python's own time for a row, without reading it."""
    rule = _rules(Case("", "auth.id != null && auth.id == data.ownerId"), 0).for_action(
        "todos", "view"
    )
    if rule is None:
        raise AssertionError("the rule was just made")
    entities = [{"id": str(number), "ownerId": "u1"} for number in range(10_000)]
    asked = Series(rule, Bindings("todos", {}, {"id": "u1"}), entities)
    started = time.perf_counter()
    await evaluate_series([asked], _NoLookUps())
    return (time.perf_counter() - started) * 1e6 / len(entities)


class _NoLookUps:
    """The rule needs none."""

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        raise AssertionError("the rule has no refs")

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        raise AssertionError("the rule has no limits")


if __name__ == "__main__":
    sys.exit(main())
