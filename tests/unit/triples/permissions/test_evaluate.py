"""Many rules at once: what they look up is loaded in rounds, and nobody waits for a hostile one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from triples.permissions import evaluate as evaluation
from triples.permissions.evaluate import (
    MAX_TAKEN,
    Outcome,
    Question,
    Series,
    evaluate,
    evaluate_series,
    permits,
)
from triples.permissions.failures import EvaluationFailed, LimitExceeded
from triples.permissions.parse import parse
from triples.permissions.rules import Rule
from triples.permissions.scope import Bindings, RefKey
from triples.permissions.values import RefValues

pytestmark = pytest.mark.asyncio

USER = {"id": "u"}
LOOP = "[0,1,2,3,4,5,6,7,8,9]"


class World:
    """Refs and tokens, and a record of who asked for what."""

    def __init__(self, tokens: int = 0, **refs: list[Any]) -> None:
        self.refs = {path.replace("_", "."): values for path, values in refs.items()}
        self.tokens = tokens
        self.loads: list[set[str]] = []
        self.taken: list[Any] = []

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        self.loads.append({f"{entity} {'.'.join(path)}" for _, entity, path in keys})
        return {key: RefValues(self.refs.get(".".join(key[2]), [])) for key in keys}

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        self.taken.append(key)
        if self.tokens < tokens:
            raise LimitExceeded({})
        self.tokens -= tokens


def question(text: str, entity_id: str = "e") -> Question:
    """A rule about a todo."""
    rule = Rule("todos", "view", (), text, text, parse(text))
    return Question(rule, Bindings("todos", {"id": entity_id, "n": 1}, USER))


async def outcomes(world: World, *texts: str) -> list[Outcome]:
    """What the rules say, each about a todo of its own."""
    return await evaluate([question(t, f"e{i}") for i, t in enumerate(texts)], world)


async def test_outcomes_come_in_order_and_refs_in_one_round() -> None:
    world = World(owner_id=["u"], tags_name=["a", "b"])
    found = await outcomes(
        world, "auth.id in data.ref('owner.id')", "true", "size(data.ref('tags.name'))", "1 / 0"
    )
    assert found[:3] == [True, True, 2]
    assert isinstance(found[3], EvaluationFailed)
    assert world.loads == [{"e0 owner.id", "e2 tags.name"}]


async def test_nothing_is_loaded_where_the_rest_decides() -> None:
    world = World()
    texts = ["data.ref('a.id') == [] && false", "true || data.ref('a.id') == []", "data.n == 1"]
    assert await outcomes(world, *texts) == [False, True, True]
    assert world.loads == []


async def test_no_more_than_two_statements_load_refs() -> None:
    world = World(a_id=["x"], b_id=["y"], c_id=["z"])
    text = (
        "data.ref('a.id') == ['x'] ? (data.ref('b.id') == ['y'] ?"
        " data.ref('c.id') == ['z'] : false) : false"
    )
    assert await outcomes(world, text) == [True]
    assert world.loads == [{"e0 a.id"}, {"e0 b.id", "e0 c.id"}]


async def test_tokens_are_taken_in_the_order_of_calls_once_each() -> None:
    world = World(tokens=5, a_id=["x"])
    text = "rateLimit.x.limit('first') && data.ref('a.id') == ['x'] && rateLimit.x.limit('second')"
    assert await outcomes(world, text) == [True]
    assert world.taken == ["first", "second"]


async def test_tokens_behind_a_missing_ref_wait_for_it() -> None:
    world = World(tokens=5, a_id=["x"])
    assert await outcomes(world, "data.ref('a.id') == ['x'] || rateLimit.x.limit(1)") == [True]
    assert world.taken == []


async def test_exceeded_limit_is_the_outcome_unless_absorbed() -> None:
    world = World(tokens=0)
    exceeded, absorbed = await outcomes(
        world, "rateLimit.x.limit(1)", "rateLimit.x.limit(1) || true"
    )
    assert isinstance(exceeded, LimitExceeded)
    assert absorbed is True


async def test_rule_that_takes_tokens_without_end_is_stopped() -> None:
    world = World(tokens=10_000)
    numbers = "[0,1,2,3,4,5,6,7,8,9]"
    text = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, rateLimit.x.limit([a, b, c]))))"
    (outcome,) = await outcomes(world, text)
    assert isinstance(outcome, EvaluationFailed)
    assert len(world.taken) == MAX_TAKEN


async def series(world: World, text: str, *entities: dict[str, Any]) -> list[Outcome]:
    """What one rule says of each of these todos."""
    about = question(text)
    [found] = await evaluate_series([Series(about.rule, about.bindings, entities)], world)
    return found


async def test_each_entity_of_a_series_is_asked_about_by_itself() -> None:
    text = "cel.bind(n, data.n, n > 1 && [n].exists(m, m == n))"
    of = ({"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c"}, {"id": "d", "n": 3})
    first, second, third, fourth = await series(World(), text, *of)
    assert (first, second, fourth) == (False, True, True)
    assert isinstance(third, EvaluationFailed)


async def test_refs_of_a_series_are_loaded_for_whom_they_matter() -> None:
    world = World(owner_id=["u"])
    text = "data.open == true || auth.id in data.ref('owner.id')"
    of = ({"id": "a", "open": True}, {"id": "b"}, {"id": "c", "open": True}, {"id": "d"})
    assert await series(world, text, *of) == [True] * 4
    assert world.loads == [{"b owner.id", "d owner.id"}]


async def test_tokens_of_a_series_are_taken_in_its_order() -> None:
    world = World(tokens=2)
    of = ({"id": "a"}, {"id": "b", "free": True}, {"id": "c"}, {"id": "d"})
    *allowed, exceeded = await series(world, "data.free == true || rateLimit.x.limit(data.id)", *of)
    assert allowed == [True] * 3
    assert isinstance(exceeded, LimitExceeded)
    assert world.taken == ["a", "c", "d"]


async def test_entity_with_much_work_stands_among_others_that_have_little() -> None:
    text = f"data.n == 1 ? true : {LOOP}.all(a, {LOOP}.all(b, {LOOP}.all(c, {LOOP}.all(d, true))))"
    of = ({"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c", "n": 1})
    assert await series(World(), text, *of) == [True] * 3


async def test_long_series_gives_way_to_other_tasks() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count_turns())
    await series(World(), "data.n == 1", *({"id": str(n), "n": 1} for n in range(50_000)))
    counter.cancel()
    assert turns > 5, "50,000 rows take ten turns or more"


@pytest.mark.parametrize(
    ("outcome", "allowed"),
    [(True, True), (False, False), (None, False), (0, True), ("", True), ([], True), ({}, True)],
)
async def test_anything_but_false_and_null_permits(outcome: Any, allowed: bool) -> None:
    assert permits(outcome) is allowed


HOSTILE = LOOP
for depth in range(8):
    HOSTILE = f"{LOOP}.map(v{depth}, {HOSTILE})"


async def test_hostile_rule_is_refused_and_the_event_loop_goes_on() -> None:
    gaps: list[float] = []

    async def watch() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    watcher = asyncio.create_task(watch())
    (outcome,) = await outcomes(World(), f"size({HOSTILE}) > 0")
    watcher.cancel()
    assert isinstance(outcome, EvaluationFailed)
    assert outcome.message == "The rule takes too many steps"
    assert len(gaps) > 20, "the loop ran while the rule was evaluated"


async def test_questions_together_have_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "BATCH_STEPS", 500_000)
    text = f"{LOOP}.all(a, {LOOP}.all(b, {LOOP}.all(c, {LOOP}.all(d, a + b + c + d >= 0))))"
    found = await outcomes(World(), *[text] * 10)
    refused = [isinstance(outcome, EvaluationFailed) for outcome in found]
    assert refused == sorted(refused), "the first ones are decided"
    assert 0 < sum(refused) < len(refused)


async def test_rule_with_much_work_is_decided_in_a_thread() -> None:
    text = f"{LOOP}.all(a, {LOOP}.all(b, {LOOP}.all(c, {LOOP}.all(d, a + b + c + d >= 0))))"
    assert await outcomes(World(), text) == [True]


async def test_values_nested_too_deep_are_a_failure() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    rule = question("data.deep == data.same")
    bindings = Bindings("todos", {"id": "e", "deep": deep, "same": [deep[0]]}, USER)
    (outcome,) = await evaluate([Question(rule.rule, bindings)], World())
    assert isinstance(outcome, EvaluationFailed)
