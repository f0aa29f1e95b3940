"""Evaluating rules: many at once, with what they look up loaded in rounds (§13.4, §13.6).

    questions ──run──▶ outcomes, or refs they need ──load all in one statement──▶ run again …

A run that needs a ref which is not loaded counts as unknown; `&&` and `||` may decide without it.
Runs are short and synchronous. One that uses up its budget on the event loop is run again in a
thread, with a larger one, and a batch gives way to other tasks every few milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from triples.permissions.closures import compiled
from triples.permissions.failures import (
    EvaluationFailed,
    LimitMissing,
    OutOfSteps,
    RefMissing,
)
from triples.permissions.rules import Rule
from triples.permissions.scope import Bindings, RefKey, Scope, Taken
from triples.permissions.tree import Ref, nodes_of
from triples.permissions.values import RefValues, plain

LOOP_STEPS: Final = 20_000  # some 2 ms
THREAD_STEPS: Final = 5_000_000  # half a second; a rule that needs more is refused
BATCH_STEPS: Final = 20_000_000  # two seconds for all questions of a query or a write together
SLICE_SECONDS: Final = 0.002
MAX_TAKEN: Final = 100  # calls of `limit` in one evaluation; each is a statement


@dataclass(frozen=True, slots=True)
class Question:
    """A rule and what it is to decide about."""

    rule: Rule
    bindings: Bindings


Outcome = Any
"""A rule's value, as JSON shows it, or the `EvaluationFailed` that took its place."""


class LookUps(Protocol):
    """What evaluation asks of the world outside."""

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        """The values of all these refs, in one statement; raises wire errors for bad paths."""

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        """Take tokens from a bucket; raises `EvaluationFailed`, `LimitExceeded` for too few."""


def permits(outcome: Outcome) -> bool:
    """Whether a rule's value allows: anything but false and null (§13.6)."""
    return outcome is not None and outcome is not False


async def evaluate(questions: Sequence[Question], look_ups: LookUps) -> list[Outcome]:
    """The outcomes, in the order of the questions; wire errors of look-ups are raised."""
    budget = _Budget(BATCH_STEPS)
    runs = [_Run(question, budget) for question in questions]
    refs: dict[RefKey, RefValues] = {}
    waiting, is_first_round = runs, True
    while waiting:
        await _advance_all(waiting, refs, look_ups)
        waiting = [run for run in waiting if not run.is_decided]
        needed = {key for run in waiting for key in run.missing}
        if not is_first_round:
            # Whatever these may still want is loaded now, so that there is no third statement.
            needed |= {key for run in waiting for key in _refs_of(run.question)}
        if needed:
            refs.update(await look_ups.load_refs(frozenset(needed - refs.keys())))
        is_first_round = False
    return [run.outcome for run in runs]


async def _advance_all(
    runs: Sequence[_Run], refs: Mapping[RefKey, RefValues], look_ups: LookUps
) -> None:
    slice_ends = time.perf_counter() + SLICE_SECONDS
    for run in runs:
        await run.advance(refs, look_ups)
        if time.perf_counter() > slice_ends:
            await asyncio.sleep(0)
            slice_ends = time.perf_counter() + SLICE_SECONDS


@dataclass(slots=True)
class _Budget:
    """The steps that all questions of a batch have left."""

    steps: int


class _Run:
    """One question on its way to an outcome."""

    __slots__ = ("_budget", "is_decided", "missing", "outcome", "question", "taken")

    def __init__(self, question: Question, budget: _Budget) -> None:
        self._budget = budget
        self.question = question
        self.taken: Taken = {}
        self.missing: set[RefKey] = set()
        self.is_decided = False
        self.outcome: Outcome = None

    async def advance(self, refs: Mapping[RefKey, RefValues], look_ups: LookUps) -> None:
        """Run until there is an outcome, or refs are missing; takes tokens on the way."""
        while (wanted := await self._attempt(refs)) is not None:
            if self.missing:
                return  # refs in front of the tokens may make them needless
            if len(self.taken) >= MAX_TAKEN:
                message = f"The rule takes tokens more than {MAX_TAKEN} times"
                self._decide(EvaluationFailed("INTERNAL_ERROR", message))
                return
            self.taken[wanted.call, wanted.asked] = await _tokens(wanted, look_ups)

    async def _attempt(self, refs: Mapping[RefKey, RefValues]) -> LimitMissing | None:
        """Run once, however long; tokens that must be taken before it can go on."""
        try:
            try:
                self._run(refs, LOOP_STEPS)
            except OutOfSteps:
                await asyncio.to_thread(self._run, refs, THREAD_STEPS)
        except OutOfSteps:
            self._decide(EvaluationFailed("INTERNAL_ERROR", "The rule takes too many steps"))
        except LimitMissing as wanted:
            return wanted
        return None

    def _run(self, refs: Mapping[RefKey, RefValues], steps: int) -> None:
        program = compiled(self.question.rule)
        slots: list[Any] = [None] * program.slots
        allowed = min(steps, self._budget.steps)
        scope = Scope(self.question.bindings, refs, self.taken, slots, allowed)
        self.missing = scope.missing
        try:
            scope.charge(program.steps)
            self._decide(plain(program.run(scope)))
        except RefMissing:
            return
        except EvaluationFailed as error:
            self._decide(error)
        except RecursionError:
            message = "The rule's values are nested too deep"
            self._decide(EvaluationFailed("INTERNAL_ERROR", message))
        finally:
            self._budget.steps -= allowed - max(scope.steps, 0)

    def _decide(self, outcome: Outcome) -> None:
        self.is_decided = True
        self.outcome = outcome


async def _tokens(wanted: LimitMissing, look_ups: LookUps) -> EvaluationFailed | None:
    try:
        await look_ups.take_tokens(wanted.bucket, wanted.key, wanted.tokens)
    except EvaluationFailed as error:
        return error
    return None


def _refs_of(question: Question) -> set[RefKey]:
    """Every ref that the question's rule has."""
    bindings = question.bindings
    starts = {
        "data": (bindings.etype, bindings.data),
        "auth": ("$users", bindings.auth),
        "linkedData": (bindings.linked_etype, bindings.linked_data or {}),
    }
    found: set[RefKey] = set()
    for node in nodes_of(question.rule.expression):
        if isinstance(node, Ref):
            etype, entity = starts[node.source]
            if etype is not None and entity.get("id") is not None:
                found.add((etype, entity["id"], node.path))
    return found
