"""The work of a write grows with its size, not with the square of it."""

from __future__ import annotations

import pytest

from tests.database.plans import discarded_rows, plans_of
from tests.database.transact.writer import Writer

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

ENTITIES = 1_000


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
    steps = [
        step
        for number in range(ENTITIES)
        for step in library.put(
            f"user {number}",
            "users",
            **{label: text.format(number) for label, text in given.items()},
        )
    ]
    async with plans_of(library.conn) as plans:
        await library.write(*steps)
    assert plans
    assert max(discarded_rows(plan) for plan in plans) < 20 * ENTITIES
