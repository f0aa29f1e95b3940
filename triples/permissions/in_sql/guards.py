"""The guards of one statement: each rule that a query meets, compiled once.

A rule that SQL cannot say is `undecided`: its guard lets those pass whose ids stand in a parameter,
which is filled in when Python has decided (`triples.instaql.verdicts`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.constants import FromConstant
from triples.instaql.guards import NOTHING, Guard
from triples.instaql.reads import ReadOf
from triples.permissions.in_sql.compile import Ground, RuleSql
from triples.permissions.in_sql.formula import Formula
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.rules import Rule, Rules
from triples.sql.fragment import Fragment, sql

FAILED_RULE: Final = "IR001"
"""SQLSTATE that `instant_rule_failed` raises."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """A rule that Python decides; `slot` is where the ids of what passes are bound."""

    rule: Rule
    label: str | None
    reason: str
    slot: int


class RuleGuards:
    """Guards made from an app's rules, each when it is first asked for; raises `ValidationFailed`.

    `decides_all` leaves every rule to Python, which can say what each of them made of each row.
    """

    def __init__(self, rules: Rules, ground: Ground, *, decides_all: bool = False) -> None:
        self._rules = rules
        self._ground = ground
        self._decides_all = decides_all
        self._known: dict[tuple[str, str | None], Guard | None] = {}
        self.undecided: list[Undecided] = []
        self.compiled: list[tuple[Rule, str | None]] = []

    @property
    def reads(self) -> tuple[ReadOf, ...]:
        """What the decisions of all guards depend on."""
        return tuple(read for guard in self._known.values() if guard for read in guard.reads)

    def view(self, etype: str) -> Guard | None:
        """The guard of an etype's entities."""
        return self._guard((etype, None), lambda: self._rules.for_action(etype, "view"))

    def field(self, attr: Attr) -> Guard | None:
        """The guard of an attr's values."""
        etype, label = attr.etype, attr.label
        return self._guard((etype, label), lambda: self._rules.for_field(etype, label))

    def _guard(self, key: tuple[str, str | None], find: Callable[[], Rule | None]) -> Guard | None:
        if key not in self._known:
            rule = find()
            self._known[key] = None if rule is None else self._made(rule, key[1])
        return self._known[key]

    def _made(self, rule: Rule, label: str | None) -> Guard | None:
        compiler = RuleSql(self._ground, rule.etype)
        try:
            if self._decides_all:
                raise NotSql("every decision is asked for")
            verdict = compiler.verdict(rule.expression)
        except NotSql as refusal:
            return self._in_python(rule, label, str(refusal))
        self.compiled.append((rule, label))
        if verdict.known is not None:
            return None if verdict.known else NOTHING
        return Guard(
            _exact(verdict, rule), verdict.can_fail, tuple(compiler.reads), verdict.required
        )

    def _in_python(self, rule: Rule, label: str | None, reason: str) -> Guard:
        slot = self._ground.facts.reserve()
        self.undecided.append(Undecided(rule, label, reason, slot))
        passing = FromConstant(slot, _ids)
        return Guard(
            lambda column: sql(f"{column} = any(%s::uuid[])", passing), can_fail=False, reads=()
        )


def _exact(verdict: Formula, rule: Rule) -> Callable[[str], Fragment]:
    """The predicate that permits, and raises where the rule is neither true nor false."""
    if not verdict.can_fail:
        return verdict.true

    def passes(column: str) -> Fragment:
        return (
            verdict.true(column).wrap("case when ", " then true")
            + verdict.is_false(column).wrap(" when ", " then false")
            + sql(" else instant_rule_failed(%s, %s) end", rule.etype, rule.action)
        )

    return passes


def _ids(ids: list[str]) -> list[str]:
    return ids
