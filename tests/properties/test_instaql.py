"""Random schema, data and queries: the SQL answer, the naive evaluator and the clients agree.

Where a client differs by its own doing stands in `tests.oracle.client_limits`;
how many cases met such a limit is printed, and a run in which they crowd out the comparison fails.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.client_engine import BROWSER, PUBLISHED, ClientEngine, client_engine
from tests.oracle.client_limits import limits_met
from tests.oracle.judge import differences, serve
from tests.oracle.storing import store_world
from tests.oracle.world import World
from tests.properties.queries import queries
from tests.properties.worlds import worlds
from triples.management.database import connect

QUERIES_PER_WORLD: Final = 10
LEAST_SHARE_COMPARED: Final = 0.4
LEAST_SHARE_WITH_ROWS: Final = 0.4


@st.composite
def worlds_with_queries(draw: Any) -> tuple[World, list[dict[str, Any]]]:
    """A small app, and questions about it."""
    world = draw(worlds())
    return world, [draw(queries(world)) for _ in range(QUERIES_PER_WORLD)]


@pytest.fixture
def engines() -> Iterator[list[ClientEngine]]:
    """The query engines of the published client and of ours."""
    with client_engine(PUBLISHED) as published, client_engine(BROWSER) as browser:
        yield [published, browser]


@pytest.mark.usefixtures("django_db_setup")
def test_sql_naive_evaluator_and_clients_agree(
    engines: list[ClientEngine], cases: int, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    counted: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @settings(
        max_examples=-(-cases // QUERIES_PER_WORLD),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(worlds_with_queries())
    def answers_agree(case: tuple[World, list[dict[str, Any]]]) -> None:
        world, asked = case
        found, answers = runner.run(_judged(engines, world, asked))
        _count(counted, world, answers)
        assert not found, "\n\n".join(found)

    with asyncio.Runner() as runner:
        try:
            answers_agree()
        finally:
            with capsys.disabled():
                print(f"\nInstaQL, seed {seed}: {_summary(counted)}")
    assert counted["cases"] >= cases
    assert counted["with rows"] >= cases * LEAST_SHARE_WITH_ROWS
    for client in (PUBLISHED, BROWSER):
        assert counted[f"{client.name} over all triples"] >= cases * LEAST_SHARE_COMPARED
        assert counted[f"{client.name} over the answer"] >= cases * LEAST_SHARE_COMPARED


async def _judged(
    engines: list[ClientEngine], world: World, asked: list[dict[str, Any]]
) -> tuple[list[str], list[Any]]:
    async with connect() as conn:
        await store_world(conn, world)
        answers = [await serve(conn, world, query) for query in asked]
        await _forget(conn, world)
    return differences(world, engines, answers), answers


async def _forget(conn: Any, world: World) -> None:
    """Thousands of apps would make the test database slow."""
    for table in ("triples", "idents", "attrs"):
        await conn.execute(f"delete from {table} where app_id = %s::uuid", (world.app_id,))


def _count(counted: Counter[str], world: World, answers: list[Any]) -> None:
    for served in answers:
        limits = limits_met(world, served.query)
        counted.update(["cases"], **{f"limit {limit.name}": 1 for limit in limits})
        counted["with rows"] += any(served.tree.values())
        for client in (PUBLISHED, BROWSER):
            counted[f"{client.name} over all triples"] += not limits & client.over_all_triples
            counted[f"{client.name} over the answer"] += not limits & client.over_the_answer


def _summary(counted: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counted.most_common())
