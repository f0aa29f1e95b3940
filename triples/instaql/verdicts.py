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
from triples.permissions.evaluate import Outcome, Series, evaluate_series, permits
from triples.permissions.failures import EvaluationFailed
from triples.permissions.in_sql.guards import Undecided
from triples.permissions.rate_limits import take_tokens
from triples.permissions.refs import load_refs
from triples.permissions.refusals import check_decided
from triples.permissions.rules import Rules
from triples.permissions.scope import Bindings, RefKey
from triples.permissions.tree import Limit, nodes_of
from triples.permissions.turn import Turn
from triples.permissions.values import RefValues, Request, Timestamp
from triples.sql.numbered import NumberedSql, run
from triples.sql.pool import Connection
from wire import json

SNAPSHOT: Final = "begin isolation level repeatable read, read only"


Record = dict[str, Any]
"""An entity as rules see it: its values by label."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a rule made of its etype's candidates, by their ids."""

    undecided: Undecided
    outcomes: dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Judged:
    """All verdicts, and everybody whom the query could show: records by etype and id."""

    verdicts: list[Verdicts]
    candidates: dict[str, dict[str, Record]]


@dataclass(frozen=True, slots=True)
class Judging:
    """What has to be judged before a query can be run: rules, and the statement of candidates."""

    undecided: tuple[Undecided, ...]
    etypes: tuple[str, ...]
    candidates: NumberedSql


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
    found, auth = await _candidates(conn, judging, catalog)
    request = Request(
        time=Timestamp(asking.time_ns), ip=asking.asker.ip, origin=asking.asker.origin
    )
    params = dict(asking.rule_params)
    series = []
    for each in judging.undecided:
        etype = each.rule.etype
        bindings = Bindings(etype, {}, auth, params, request)
        series.append(Series(each.rule, bindings, list(found[etype].values())))
    outcomes = await evaluate_series(series, _LookUps(conn, catalog, rules))
    verdicts = [
        Verdicts(each, dict(zip(found[each.rule.etype], made, strict=True)))
        for each, made in zip(judging.undecided, outcomes, strict=True)
    ]
    return Judged(verdicts, found)


def takes_tokens(judging: Judging) -> bool:
    """Whether judging uses up what rate limits have left."""
    rules = (each.rule.expression for each in judging.undecided)
    return any(isinstance(node, Limit) for rule in rules for node in nodes_of(rule))


def slots_of(verdicts: Sequence[Verdicts]) -> dict[int, list[str]]:
    """The ids for each slot of the rules."""
    slots: dict[int, list[str]] = {}
    for each in verdicts:
        passing = slots[each.undecided.passing_slot] = []
        failing = slots[each.undecided.failing_slot] = []
        for entity_id, outcome in each.outcomes.items():
            if isinstance(outcome, EvaluationFailed):
                failing.append(entity_id)
            elif permits(outcome):
                passing.append(entity_id)
    return slots


def check_failures(
    verdicts: Sequence[Verdicts], etype: str, action: str, *, shows_cause: bool
) -> None:
    """Raise what the rule said when it failed for one of these; `shows_cause` is for admins."""
    for each in verdicts:
        rule = each.undecided.rule
        if (rule.etype, rule.action) == (etype, action):
            for outcome in each.outcomes.values():
                check_decided(rule, outcome, shows_cause=shows_cause)


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


async def _candidates(
    conn: Connection, judging: Judging, catalog: AttrCatalog
) -> tuple[dict[str, dict[str, Record]], Record]:
    """The candidates' records, and `auth`: the asker's own row, empty when signed out."""
    result = (await run(conn, judging.candidates)).pgresult
    if result is None:
        raise RuntimeError("the candidates are a result")
    found: dict[str, dict[str, Record]] = {etype: {} for etype in judging.etypes}
    labels = [_labels(catalog, etype) for etype in judging.etypes]
    auth: Record = {}
    turn = Turn()
    for number in range(result.ntuples):
        index, ids, triples = (result.get_value(number, column) or b"" for column in range(3))
        if int(index) == ASKER:
            auth = _auth(catalog, ids.decode(), triples)
        elif ids:
            found[judging.etypes[int(index)]].update(_records(ids, triples, labels[int(index)]))
        if turn.is_over():
            await turn.give_way()
    return found, auth


def _records(ids: bytes, triples: bytes, labels: Mapping[str, str]) -> dict[str, Record]:
    """Some candidates by id."""
    records: dict[str, Record] = {each: {"id": each} for each in ids.decode().split(",")}
    for entity_id, attr_id, value, _ in json.loads(b"[%b]" % triples):
        # An id may be that of things in several etypes.
        if (label := labels.get(attr_id)) is not None:
            records[entity_id][label] = value
    return records


def _auth(catalog: AttrCatalog, user_id: str, triples: bytes) -> Record:
    if not triples:
        return {}
    labels = _labels(catalog, "$users")
    user: Record = {"id": user_id}
    created_ms = 0
    for _, attr_id, value, written_ms in json.loads(b"[%b]" % triples):
        if labels.get(attr_id) == "id":
            created_ms = written_ms
        elif attr_id in labels:
            user[labels[attr_id]] = value
    return auth_of(catalog.app_id, user, created_ms)


def _labels(catalog: AttrCatalog, etype: str) -> dict[str, str]:
    return {attr.id: attr.label for attr in catalog.of_etype(etype)}
