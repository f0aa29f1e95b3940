"""How many statements a query with rules takes (law 2), and whose answers are one (law 11)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.database.permissions.guarded import Guarded
from triples.instaql.answer import PreparedQuery, run_query
from wire.errors import PermissionEvaluationFailed, RateLimited
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

CONTROL = ("begin", "rollback")


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that any connection runs, but for those that open and close a snapshot."""
    seen: list[str] = []

    def note(query: Any) -> None:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if not text.startswith(CONTROL):
            seen.append(text)

    execute = psycopg.AsyncCursor.execute  # raw cursors run theirs through it

    async def noted(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        note(query)
        return await execute(self, query, *args, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", noted)
    return seen


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        pytest.param("auth.role == 'boss' || auth.id in data.ref('team.members.id')", 1, id="SQL"),
        pytest.param("data.title.matches('s')", 2, id="Python"),
        pytest.param(
            "data.ref('team.members.id').filter(m, m == auth.id) != []"
            " && auth.ref('$user.teams.name').map(n, n + '!') != []",
            4,
            id="Python, with refs",
        ),
    ],
)
async def test_few_statements_whatever_the_rules(
    guarded: Guarded, statements: list[str], rule: str, most: int
) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    query = {"todos": {"team": {"todos": {"$": {"where": {"team.todos.title": "cook"}}}}}}
    prepared = guarded.prepared(rules, query, "ann")
    statements.clear()
    await run_query(guarded.conn, prepared)
    assert 1 <= len(statements) <= (most if not guarded.in_python else 4)


async def test_value_of_a_whole_etype_is_read_in_one_look(guarded: Guarded) -> None:
    if guarded.in_python:
        return
    rule = "auth.id == data.ownerId && data.isPublic != true"
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    plan = await generic_plan(guarded, guarded.prepared(rules, {"todos": {}}, "ann"))
    assert plan.count("hashed SubPlan") == 2, plan
    assert not [line for line in plan.splitlines() if "Filter" in line and "md5(" in line], plan


@pytest.mark.parametrize(
    ("page", "rule", "by_row"),
    [
        pytest.param({"limit": 2}, "auth.id == data.ownerId", True, id="a field"),
        pytest.param(
            {"limit": 2, "order": {"title": "asc"}}, "auth.id == data.ownerId", True, id="in order"
        ),
        pytest.param({"limit": 2}, "auth.id == data.owner", False, id="rows that an index has"),
        pytest.param(
            {"limit": 2, "order": {"title": "asc"}},
            "auth.id in data.ref('team.members.id')",
            False,
            id="rows that links lead to, in order",
        ),
    ],
)
async def test_rows_of_a_page_are_asked_about_until_there_are_enough(
    guarded: Guarded, page: dict[str, Any], rule: str, by_row: bool
) -> None:
    if guarded.in_python:
        return
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    plan = await generic_plan(guarded, guarded.prepared(rules, {"todos": {"$": page}}, "ann"))
    asked = [line for line in plan.splitlines() if "Filter" in line and "SubPlan" in line]
    assert bool(asked) == by_row, plan
    assert "hashed SubPlan" not in plan


async def generic_plan(guarded: Guarded, prepared: PreparedQuery) -> str:
    """How PostgreSQL runs a query's statement for whatever values."""
    statement = prepared.statement
    cursor = psycopg.AsyncRawCursor(guarded.conn)
    await cursor.execute(b"prepare asked as " + statement.text)
    try:
        values = b", ".join([b"null"] * len(statement.values))
        await cursor.execute(b"explain execute asked (%b)" % values)
        return "\n".join(row[0] for row in await cursor.fetchall())
    finally:
        await cursor.execute(b"deallocate asked")


@pytest.mark.usefixtures("open_pool")
async def test_rule_that_fails_in_sql_costs_no_tokens_of_another(guarded: Guarded) -> None:
    sections: dict[str, Any] = {
        "teams": {"allow": {"view": f"rateLimit.reads.limit('{new_id()}')"}},
        "todos": {"allow": {"view": "data.size > 3"}},
        "$rateLimits": {"reads": {"limits": [{"capacity": 2}]}},
    }
    rules = await guarded.push(sections)
    red = {"teams": {"$": {"where": {"name": "red"}}}}
    with pytest.raises(PermissionEvaluationFailed) as refused:
        await guarded.ask(rules, {**red, "todos": {}})
    assert refused.value.hint["rule"] == ["todos", "view"]
    assert (await guarded.tree(rules, red))["teams"], "one token is left"
    with pytest.raises(RateLimited):
        await guarded.ask(rules, red)


@pytest.mark.parametrize(
    ("rule", "users", "alike"),
    [
        pytest.param("true", ("ann", None), True, id="everything"),
        pytest.param("data.done == true", ("ann", None), True, id="about the row alone"),
        pytest.param("data.title.matches('a')", ("ann", None), True, id="the same, by Python"),
        pytest.param("auth.id != null", ("ann", "bob"), True, id="both signed in"),
        pytest.param("auth.id != null", ("ann", None), False, id="one signed in"),
        pytest.param("auth.id == data.ownerId", ("ann", "bob"), False, id="their own"),
        pytest.param("auth.role == 'worker'", ("bob", "cat"), False, id="a column may change"),
        pytest.param("auth.id.matches('a') || true", ("ann", "bob"), True, id="decided by all"),
    ],
)
async def test_answers_are_shared_by_whom_the_rules_cannot_tell_apart(
    guarded: Guarded, rule: str, users: tuple[str | None, ...], alike: bool
) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    if guarded.in_python:
        assert guarded.prepared(rules, {"todos": {}}).judging is not None
        return
    first, second = (guarded.prepared(rules, {"todos": {}}, user).traits for user in users)
    assert (first == second) == alike
