"""The work of a write grows with its size, not with the square of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg.errors import Diagnostic

from tests.database.transact.writer import Writer
from triples.sql.pool import Connection

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

ENTITIES = 1_000
EXPLAINED = """
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_analyze = on;
set auto_explain.log_timing = off;
set auto_explain.log_format = json;
set client_min_messages = log;
"""


@contextmanager
def plans_of(conn: Connection) -> Iterator[list[dict[str, Any]]]:
    """The plans of what the connection runs, with the numbers of rows that really passed."""
    plans: list[dict[str, Any]] = []

    def read(notice: Diagnostic) -> None:
        _, found, plan = (notice.message_primary or "").partition("plan:\n")
        if found:
            plans.append(json.loads(plan)["Plan"])

    conn.add_notice_handler(read)
    try:
        yield plans
    finally:
        conn.remove_notice_handler(read)


def discarded_rows(plan: dict[str, Any]) -> int:
    """How many pairs of rows were compared and found not to belong together."""
    own = plan.get("Rows Removed by Join Filter", 0) * plan.get("Actual Loops", 1)
    return int(own) + sum(discarded_rows(child) for child in plan.get("Plans", ()))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="nothing given"),
        pytest.param({"email": "{}@x.io", "handle": "{}", "name": "{}"}, id="most values given"),
    ],
)
async def test_new_entities_are_compared_with_few_others(
    library: Writer, given: dict[str, str]
) -> None:
    await library.conn.execute(EXPLAINED)
    with plans_of(library.conn) as plans:
        await library.write(
            *(
                step
                for number in range(ENTITIES)
                for step in library.put(
                    f"user {number}",
                    "users",
                    **{label: text.format(number) for label, text in given.items()},
                )
            )
        )
    assert plans
    assert max(discarded_rows(plan) for plan in plans) < 20 * ENTITIES
