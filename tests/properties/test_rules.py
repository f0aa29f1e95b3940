"""Generated rules have one verdict, whoever evaluates them (transactions-permissions.md §13, §19).

Closures and cel-python's evaluator agree on every rule of the subset that `RuleMaker` calls agreed.
"""

from __future__ import annotations

import random
from typing import Any

from tests.oracle.cel_python import FAILED, OracleRule
from tests.oracle.cel_text import cel_text
from tests.properties.rules import RuleMaker, World, make_world
from tests.properties.verdicts import Verdicts
from triples.permissions.closures import Compiled, compile_expression
from triples.permissions.failures import EvaluationFailed
from triples.permissions.parse import parse
from triples.permissions.scope import Bindings, Scope
from triples.permissions.values import plain

STEPS = 1_000_000
RULES_A_WORLD = 20


def by_closure(program: Compiled, world_refs: Any, bindings: Bindings) -> Any:
    """The rule's value, or `FAILED`."""
    scope = Scope(bindings, world_refs, {}, [None] * program.slots, STEPS)
    try:
        return plain(program.run(scope))
    except EvaluationFailed:
        return FAILED


def askings(world: World) -> list[Bindings]:
    """Every todo, asked about by somebody."""
    users = list(world.users)
    return [world.bindings(todo, users[i % 2]) for i, todo in enumerate(world.todos)]


def test_closures_agree_with_cel_python(cases: int, seed: int) -> None:
    wanted, verdicts = cases * 5 // 2, Verdicts()
    rng = random.Random(seed)
    while verdicts.tried < wanted:
        world = make_world(rng, agreed=True)
        refs = world.refs
        maker = RuleMaker(rng, agreed=True)
        for _ in range(RULES_A_WORLD):
            text = cel_text(maker.rule())
            program, oracle = compile_expression(parse(text)), OracleRule(text, refs)
            for bindings in askings(world):
                ours, theirs = by_closure(program, refs, bindings), oracle.evaluate(bindings)
                assert (type(ours), ours) == (type(theirs), theirs), (
                    f"seed {seed}: {text}\nwith {bindings.data} and {bindings.auth}"
                )
                verdicts.count(ours)
    verdicts.assert_of_every_kind()


def test_text_of_a_tree_is_read_as_the_same_tree(seed: int) -> None:
    rng = random.Random(seed)
    maker = RuleMaker(rng, agreed=False)
    for _ in range(300):
        tree = parse(cel_text(maker.rule()))
        assert parse(cel_text(tree)) == tree, f"seed {seed}"
