"""Evaluating rules: many at once, with what they look up loaded in rounds (§13.4, §13.6).

    questions ──run──▶ outcomes, or refs they need ──load all in one statement──▶ run again …

A run that needs a ref which is not loaded counts as unknown; `&&` and `||` may decide without it.
Runs are short and synchronous. One that uses up its budget on the event loop is run again in a
thread, with a larger one, and a batch gives way to other tasks every few milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from triples.permissions.closures import compiled
from triples.permissions.failures import (
    EvaluationFailed,
    Interrupted,
    LimitMissing,
    OutOfSteps,
    RefMissing,
)
from triples.permissions.rules import Rule
from triples.permissions.scope import Bindings, RefKey, Scope, Taken
from triples.permissions.tree import Ref, nodes_of
from triples.permissions.turn import Turn
from triples.permissions.values import RefValues, plain

LOOP_STEPS: Final = 20_000  # some 2 ms
THREAD_STEPS: Final = 5_000_000  # half a second; a rule that needs more is refused
BATCH_STEPS: Final = 20_000_000  # two seconds for all questions of a query or a write together
MAX_TAKEN: Final = 100  # calls of `limit` in one evaluation; each is a statement


@dataclass(frozen=True, slots=True)
class Question:
    """A rule and what it is to decide about."""

    rule: Rule
    bindings: Bindings


@dataclass(frozen=True, slots=True)
class Series:
    """A rule and the entities it is to decide about, each as `data` beside the same bindings."""

    rule: Rule
    bindings: Bindings
    entities: Sequence[dict[str, Any]]


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
    each = [Series(one.rule, one.bindings, (one.bindings.data,)) for one in questions]
    return [outcome for (outcome,) in await evaluate_series(each, look_ups)]


async def evaluate_series(many: Sequence[Series], look_ups: LookUps) -> list[list[Outcome]]:
    """The outcomes of each series, in the order of its entities; raises as `evaluate`."""
    batch = _Batch(look_ups, BATCH_STEPS)
    runs = [_SeriesRun(each, batch) for each in many]
    waiting, is_first_round = runs, True
    while waiting:
        for run in waiting:
            await run.advance()
        waiting = [run for run in waiting if run.undecided]
        needed = {key for run in waiting for key in run.missing}
        if not is_first_round:
            # Whatever these may still want is loaded now, so that there is no third statement.
            needed |= {key for run in waiting for key in run.refs_of_undecided()}
        if needed:
            batch.refs.update(await look_ups.load_refs(frozenset(needed - batch.refs.keys())))
        is_first_round = False
    return [run.outcomes for run in runs]


class _Batch:
    """What all series share: loaded refs, the steps that are left, and the turn on the loop."""

    def __init__(self, look_ups: LookUps, steps: int) -> None:
        self.look_ups = look_ups
        self.steps = steps
        self.refs: dict[RefKey, RefValues] = {}
        self.turn = Turn()


class _SeriesRun:
    """A series on its way to its outcomes; `undecided` are the places of entities without one.

    `missing` are the refs that these want.
    """

    def __init__(self, series: Series, batch: _Batch) -> None:
        self._series = series
        self._batch = batch
        self._program = compiled(series.rule)
        self._taken: dict[int, Taken] = {}
        self.outcomes: list[Outcome] = [None] * len(series.entities)
        self.undecided = list(range(len(series.entities)))
        self.missing: set[RefKey] = set()

    async def advance(self) -> None:
        """Ask about each entity, until there is an outcome or refs are missing."""
        places, self.undecided, self.missing = self.undecided, [], set()
        scope = self._scope()
        for place in places:
            stopped = self._attempt(scope, place, LOOP_STEPS)
            if stopped is not None:
                await self._go_on(place, stopped)
            if self._batch.turn.is_over():
                await self._batch.turn.give_way()

    def refs_of_undecided(self) -> set[RefKey]:
        """Every ref that the rule has, of those about whom it is undecided."""
        bindings, entities = self._series.bindings, self._series.entities
        found: set[RefKey] = set()
        for node in nodes_of(self._series.rule.expression):
            match node:
                case Ref("data", path):
                    data = (entities[place] for place in self.undecided)
                    found |= _keys(bindings.etype, path, data)
                case Ref("auth", path):
                    found |= _keys("$users", path, (bindings.auth,))
                case Ref("linkedData", path):
                    found |= _keys(bindings.linked_etype, path, (bindings.linked_data or {},))
        return found

    def _scope(self) -> Scope:
        """A scope for runs one after the other: none leaves anything that the next one looks at."""
        slots: list[Any] = [None] * self._program.slots
        return Scope(self._series.bindings, self._batch.refs, {}, slots, 0)

    def _attempt(self, scope: Scope, place: int, steps: int) -> Interrupted | None:
        """Run once; what stopped it, if there is no outcome and it is not for want of refs."""
        batch, program = self._batch, self._program
        scope.data = self._series.entities[place]
        scope.taken = self._taken.get(place, {})
        scope.steps = allowed = min(steps, batch.steps)
        try:
            scope.charge(program.steps)
            value = program.run(scope)
            self.outcomes[place] = value if type(value) is bool else plain(value)
        except RefMissing:
            self._wait_for_refs(place, scope)
        except EvaluationFailed as error:
            self.outcomes[place] = error
        except RecursionError:
            self._refuse(place, "The rule's values are nested too deep")
        except LimitMissing as wanted:
            if not scope.missing:
                return wanted
            self._wait_for_refs(place, scope)  # which may make the tokens needless
        except OutOfSteps as stopped:
            return stopped
        finally:
            batch.steps -= allowed - max(scope.steps, 0)
            scope.missing.clear()
        return None

    async def _go_on(self, place: int, stopped: Interrupted | None) -> None:
        """Take tokens, and run in a thread what takes long, until nothing stops it any more."""
        while stopped is not None:
            if isinstance(stopped, LimitMissing):
                taken = self._taken.setdefault(place, {})
                if len(taken) >= MAX_TAKEN:
                    self._refuse(place, f"The rule takes tokens more than {MAX_TAKEN} times")
                    return
                taken[stopped.call, stopped.asked] = await _tokens(stopped, self._batch.look_ups)
                stopped = self._attempt(self._scope(), place, LOOP_STEPS)
            else:
                stopped = await asyncio.to_thread(self._attempt, self._scope(), place, THREAD_STEPS)
                if isinstance(stopped, OutOfSteps):
                    self._refuse(place, "The rule takes too many steps")
                    return

    def _wait_for_refs(self, place: int, scope: Scope) -> None:
        self.undecided.append(place)
        self.missing |= scope.missing

    def _refuse(self, place: int, message: str) -> None:
        self.outcomes[place] = EvaluationFailed("INTERNAL_ERROR", message)


async def _tokens(wanted: LimitMissing, look_ups: LookUps) -> EvaluationFailed | None:
    try:
        await look_ups.take_tokens(wanted.bucket, wanted.key, wanted.tokens)
    except EvaluationFailed as error:
        return error
    return None


def _keys(
    etype: str | None, path: tuple[str, ...], entities: Iterable[Mapping[str, Any]]
) -> set[RefKey]:
    """The refs along the path from those that are there."""
    if etype is None:
        return set()
    ids = (entity.get("id") for entity in entities)
    return {(etype, entity_id, path) for entity_id in ids if entity_id is not None}
