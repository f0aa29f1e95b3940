"""Rules that only Python can decide, decided for everybody whom a query could show.

    candidates, with their values ──closures──▶ verdicts, or refs they need ──▶ … ──▶ the statement

One statement finds the candidates, one or two load what refs they need (`evaluate`), and the
query's own one has the verdicts as parameters: limits and cursors are right after permissions. All
of them see the same snapshot. Spec: transactions-permissions.md §13.4, §15.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.catalog import AttrCatalog
from triples.instaql.candidates import ASKER
from triples.permissions.asking import Asking
from triples.permissions.entities import auth_of
from triples.permissions.evaluate import Outcome, Question, evaluate, permits
from triples.permissions.failures import EvaluationFailed
from triples.permissions.in_sql.guards import Undecided
from triples.permissions.rate_limits import take_tokens
from triples.permissions.refs import load_refs
from triples.permissions.refusals import check_decided
from triples.permissions.rules import Rules
from triples.permissions.scope import Bindings, RefKey
from triples.permissions.values import RefValues, Request, Timestamp
from triples.sql.fragment import Fragment
from triples.sql.pool import Connection

SNAPSHOT: Final = "begin isolation level repeatable read, read only"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule made of one entity; `record` is the entity as the rule saw it."""

    undecided: Undecided
    entity_id: str
    record: dict[str, Any]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Judged:
    """All verdicts, and everybody whom the query could show: etype, id, and what rules see."""

    verdicts: list[Verdict]
    candidates: list[tuple[str, str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Judging:
    """What has to be judged before a query can be run: rules, and the statement of candidates."""

    undecided: tuple[Undecided, ...]
    etypes: tuple[str, ...]
    candidates: Fragment


@asynccontextmanager
async def one_snapshot(conn: Connection) -> AsyncIterator[None]:
    """Everything in the block sees the database as it is at the first statement."""
    await conn.execute(SNAPSHOT)
    try:
        yield
    finally:
        await conn.execute("rollback")


async def judge(
    conn: Connection, judging: Judging, catalog: AttrCatalog, rules: Rules, asking: Asking
) -> Judged:
    """Every verdict that the query can need; raises wire errors of refs that lead nowhere."""
    cursor = await conn.execute(judging.candidates.text, judging.candidates.values)
    rows = await cursor.fetchall()
    found = _candidates(judging, catalog, rows)
    rules_of = {
        etype: [each for each in judging.undecided if each.rule.etype == etype]
        for etype in judging.etypes
    }
    asked = [
        (undecided, entity_id, record)
        for etype, entity_id, record in found
        for undecided in rules_of[etype]
    ]
    auth = _auth(catalog, rows)
    request = Request(
        time=Timestamp(asking.time_ns), ip=asking.asker.ip, origin=asking.asker.origin
    )
    params = dict(asking.rule_params)
    questions = [
        Question(undecided.rule, Bindings(undecided.rule.etype, record, auth, params, request))
        for undecided, _, record in asked
    ]
    outcomes = await evaluate(questions, _LookUps(conn, catalog, rules))
    verdicts = [Verdict(*about, outcome) for about, outcome in zip(asked, outcomes, strict=True)]
    return Judged(verdicts, found)


def slots_of(verdicts: Sequence[Verdict], undecided: Sequence[Undecided]) -> dict[int, list[str]]:
    """The ids for each slot of the rules."""
    slots: dict[int, list[str]] = {}
    for each in undecided:
        slots[each.passing_slot] = []
        slots[each.failing_slot] = []
    for verdict in verdicts:
        if isinstance(verdict.outcome, EvaluationFailed):
            slots[verdict.undecided.failing_slot].append(verdict.entity_id)
        elif permits(verdict.outcome):
            slots[verdict.undecided.passing_slot].append(verdict.entity_id)
    return slots


def check_failures(
    verdicts: Sequence[Verdict], etype: str, action: str, *, shows_cause: bool
) -> None:
    """Raise what the rule said when it failed for one of these; `shows_cause` is for admins."""
    for verdict in verdicts:
        rule = verdict.undecided.rule
        if (rule.etype, rule.action) == (etype, action):
            check_decided(rule, verdict.outcome, shows_cause=shows_cause)


class _LookUps:
    """What closures need from outside, as the query's snapshot has it."""

    def __init__(self, conn: Connection, catalog: AttrCatalog, rules: Rules) -> None:
        self._conn = conn
        self._catalog = catalog
        self._rules = rules

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        """The values of the refs, in one statement."""
        return await load_refs(self._conn, self._catalog.app_id, self._catalog, keys)

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        """Tokens of a rate limit, which stay taken whatever becomes of the query."""
        app_id = self._catalog.app_id
        await take_tokens(app_id, self._rules.rate_limits, bucket, key, tokens)


def _candidates(
    judging: Judging, catalog: AttrCatalog, rows: Sequence[tuple[Any, ...]]
) -> list[tuple[str, str, dict[str, Any]]]:
    labels = [_labels(catalog, etype) for etype in judging.etypes]
    found = []
    for index, entity_id, values, _ in rows:
        if index != ASKER:
            names = labels[index]
            record = {names[attr]: value for attr, value in values.items() if attr in names}
            found.append((judging.etypes[index], entity_id, record))
    return found


def _auth(catalog: AttrCatalog, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """`auth`: the asker's own row; empty when signed out."""
    labels = _labels(catalog, "$users")
    for index, entity_id, values, created_ms in rows:
        if index == ASKER:
            user = {labels[attr]: value for attr, value in values.items() if attr in labels}
            return auth_of(catalog.app_id, {**user, "id": entity_id}, created_ms or 0)
    return {}


def _labels(catalog: AttrCatalog, etype: str) -> dict[str, str]:
    return {attr.id: attr.label for attr in catalog.of_etype(etype)}
