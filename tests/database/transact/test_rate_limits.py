"""Rate limits in rules: tokens of buckets that processes share (transactions-permissions §16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.database.stored import pass_time
from tests.database.transact.ruled import rule, user
from tests.database.transact.writer import GUEST, Writer
from triples.attrs.system_catalog import SYSTEM_ATTRS
from wire.errors import InstantError, PermissionDenied, PermissionEvaluationFailed, RateLimited

pytestmark = [pytest.mark.asyncio, pytest.mark.database, pytest.mark.usefixtures("open_pool")]

TWO: dict[str, Any] = {"limits": [{"capacity": 2}]}


@pytest_asyncio.fixture
async def world(writer: Writer) -> Writer:
    """Todos, and two users."""
    writer.attr_ids |= {f"{a.etype}.{a.label}": a.id for a in SYSTEM_ATTRS}
    await writer.write(
        writer.add_attr("todos.id"),
        writer.add_attr("todos.title"),
        writer.add_attr("todos.note"),
        *writer.put("ann", "$users", email="ann@b.c"),
        *writer.put("bob", "$users", email="bob@b.c"),
    )
    await writer.write(*writer.put("todo", "todos", title="a"))
    return writer


async def limited(writer: Writer, update: str, config: Any = TWO, name: str = "writes") -> None:
    """Rule updates of todos by a limit."""
    sections = {"todos": {"allow": {"update": update}}, "$rateLimits": {name: config}}
    await rule(writer, **sections)


async def outcomes(writer: Writer, times: int, nickname: str = "ann") -> list[str]:
    """What becomes of updates that a user sends one after the other."""
    found = []
    for number in range(times):
        step = writer.add("todo", "todos.title", f"{nickname} {number}")
        try:
            await writer.write(step, author=user(writer, nickname))
            found.append("done")
        except InstantError as error:
            found.append(error.type)
    return found


OVER = "rate-limited"


async def test_limit_holds_for_each_key(world: Writer) -> None:
    await limited(world, "rateLimit.writes.limit(auth.id)")
    assert await outcomes(world, 3) == ["done", "done", OVER]
    assert await outcomes(world, 3, "bob") == ["done", "done", OVER]


async def test_refusal_says_when_to_come_back(world: Writer) -> None:
    await limited(world, "rateLimit['writes'].limit(null, 2)")
    await outcomes(world, 1)
    refusal = await world.refusal(world.add("todo", "todos.title", "x"), author=GUEST)
    assert isinstance(refusal, RateLimited)
    assert refusal.message == "Your request exceeded the rate limit."
    assert refusal.hint["remaining-tokens"] == 0
    assert 3590 <= refusal.hint["retry-after"] <= 3600, "two tokens come back in an hour"
    wait = datetime.fromisoformat(refusal.hint["retry-at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < wait < timedelta(minutes=61)


@pytest.mark.parametrize(
    ("call", "config", "expected"),
    [
        pytest.param("limit(1, 2)", TWO, ["done", OVER], id="tokens"),
        pytest.param("limit(1, 3)", TWO, [OVER, OVER], id="more than it holds"),
        pytest.param("limit(null)", TWO, ["done", "done", OVER], id="null is a key"),
        pytest.param("limit({'a': [1]})", TWO, ["done", "done", OVER], id="any value is a key"),
        pytest.param("limit(newData.title)", TWO, ["done", "done", "done"], id="key of the data"),
        pytest.param(
            "limit(1)",
            {"limits": [{"capacity": 9}, {"capacity": 1}]},
            ["done", OVER],
            id="all limits must have tokens",
        ),
        pytest.param("limit(1) || true", TWO, ["done", "done", "done"], id="absorbed"),
        pytest.param(
            "limit(1) && rateLimit.writes.limit(1)", TWO, ["done", OVER], id="each call takes"
        ),
    ],
)
async def test_tokens_are_taken(world: Writer, call: str, config: Any, expected: list[str]) -> None:
    await limited(world, f"rateLimit.writes.{call}", config)
    assert await outcomes(world, len(expected)) == expected


@pytest.mark.parametrize("call", ["limit(1, 0)", "limit(1, -1)", "limit(1, auth.id)"])
async def test_wrong_number_of_tokens_fails(world: Writer, call: str) -> None:
    await limited(world, f"rateLimit.writes.{call}")
    refusal = await world.refusal(world.add("todo", "todos.title", "x"), author=user(world, "ann"))
    assert isinstance(refusal, PermissionEvaluationFailed)


async def test_update_of_many_fields_takes_one_token(world: Writer) -> None:
    await limited(world, "rateLimit.writes.limit(1)")
    steps = [
        *world.put("todo", "todos", title="b", note="n"),
        world.add("todo", "todos.title", "c"),
    ]
    for _ in range(2):
        await world.write(*steps, author=GUEST)
    assert isinstance(await world.refusal(*steps, author=GUEST), RateLimited)


async def test_rule_with_a_ref_takes_its_tokens_once(world: Writer) -> None:
    await limited(world, "rateLimit.writes.limit(1) && size(auth.ref('$user.email')) == 1")
    assert await outcomes(world, 3) == ["done", "done", OVER]


async def test_no_token_is_taken_where_the_ref_before_decides(world: Writer) -> None:
    await limited(world, "size(auth.ref('$user.email')) == 1 || rateLimit.writes.limit(1)")
    assert await outcomes(world, 4) == ["done"] * 4


async def test_tokens_of_a_refused_write_stay_taken(world: Writer) -> None:
    await limited(world, "rateLimit.writes.limit(1) && newData.title == 'good'")
    bad, good = (world.add("todo", "todos.title", title) for title in ("bad", "good"))
    for _ in range(2):
        assert isinstance(await world.refusal(bad, author=GUEST), PermissionDenied)
    assert isinstance(await world.refusal(good, author=GUEST), RateLimited)


async def test_other_configuration_is_another_bucket(world: Writer) -> None:
    await limited(world, "rateLimit.writes.limit(1)")
    assert await outcomes(world, 3) == ["done", "done", OVER]
    await limited(world, "rateLimit.writes.limit(1)", {"limits": [{"capacity": 3}]})
    assert await outcomes(world, 1) == ["done"]


async def test_bucket_refills(world: Writer) -> None:
    config = {"limits": [{"capacity": 1, "refill": {"period": "1 minute"}}]}
    await limited(world, "rateLimit.writes.limit(1)", config)
    assert await outcomes(world, 2) == ["done", OVER]
    await pass_time(world.conn, 61)
    assert await outcomes(world, 2) == ["done", OVER]


async def test_limit_that_is_not_configured_makes_the_rule_unusable(world: Writer) -> None:
    await limited(world, "rateLimit.writes.limit(1)", name="other")
    assert await outcomes(world, 1) == ["validation-failed"]
