"""The guards of one statement: each rule that a query meets, compiled once.

A rule that SQL cannot say is `undecided`: its guard lets those pass whose ids stand in a parameter,
which is filled in when Python has decided (`triples.instaql.verdicts`). Those for whom the rule
failed stand in another one: it fails the query when the query comes to them, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.conditions import ConditionSql, certain
from triples.instaql.constants import FromConstant
from triples.instaql.forms import Condition
from triples.instaql.guards import NOTHING, Guard
from triples.instaql.reads import ReadOf
from triples.permissions.in_sql.compile import RuleSql
from triples.permissions.in_sql.facts import AUTH_ID
from triples.permissions.in_sql.formula import Formula
from triples.permissions.in_sql.operands import Ground
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.rule_reads import reads_of_rule
from triples.permissions.rules import Rule, Rules
from triples.permissions.tree import Name, Select, free_names
from triples.sql.fragment import EMPTY, Fragment, sql

_ASKER: Final = (
    (AUTH_ID, "auth"),
    (Select(Name("request"), "ip"), "request"),
    (Select(Name("request"), "origin"), "request"),
)
"""What a rule may know the asker by, if it names the variable at all."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """A rule that Python decides, and why; two slots hold the ids of what passes and what failed.

    `label` is set for a field's rule.
    """

    rule: Rule
    label: str | None
    reason: str
    passing_slot: int
    failing_slot: int


class RuleGuards:
    """Guards made from an app's rules, each when it is first asked for; raises `ValidationFailed`.

    With `in_python` every rule is left to Python, which can say what each made of each row. With
    `lenient` whoever is not certain to be denied passes: those that Python is still to judge.
    """

    def __init__(
        self, rules: Rules, ground: Ground, *, in_python: bool = False, lenient: bool = False
    ) -> None:
        self._rules = rules
        self.ground = ground
        self._in_python = in_python
        self._lenient = lenient
        self._known: dict[tuple[str, str | None], Guard | None] = {}
        self.undecided: list[Undecided] = []
        self.decided: list[str] = []

    @property
    def reads(self) -> tuple[ReadOf, ...]:
        """What the decisions of all guards depend on."""
        return tuple(read for guard in self._known.values() if guard for read in guard.reads)

    @property
    def etypes(self) -> tuple[str, ...]:
        """The etypes whose entities were asked about, whether there is a rule or not."""
        return tuple(etype for etype, label in self._known if label is None)

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
        compiler = RuleSql(self.ground, rule.etype)
        try:
            if self._in_python:
                raise NotSql("every decision is asked for")
            verdict = compiler.verdict(rule.expression)
        except NotSql as refusal:
            return self._left_to_python(rule, label, str(refusal))
        self.decided.append(name_of(rule, label))
        if verdict.known is not None:
            return None if verdict.known else NOTHING
        if self._lenient:
            return Guard(lambda column: verdict.is_false(column).wrap("not ", ""), False, ())
        return Guard(
            passes=_exact(verdict, rule),
            can_fail=verdict.can_fail,
            reads=tuple(compiler.reads),
            required=verdict.required,
            among=self._sieve(verdict.condition),
            by_groups=verdict.by_groups,
        )

    def _sieve(self, condition: Condition | None) -> Callable[[Fragment], Fragment] | None:
        """How to pick at once those who satisfy the condition, if it is all that the rule says."""
        if condition is None:
            return None
        writer = ConditionSql(self.ground.app_id, self.ground.numbers)
        if writer.among(condition, EMPTY) is None:
            return None

        return lambda ids: certain(writer.among(condition, ids))

    def _left_to_python(self, rule: Rule, label: str | None, reason: str) -> Guard | None:
        if self._lenient:
            return None
        facts = self.ground.facts
        known = free_names(rule.expression)
        slots = [facts.constant(node).slot for node, name in _ASKER if name in known]
        undecided = Undecided(rule, label, reason, facts.reserve(), facts.reserve())
        self.undecided.append(undecided)
        reads = tuple(
            reads_of_rule(rule, self.ground.catalog, slots[0] if "auth" in known else None)
        )
        return Guard(_judged(undecided), can_fail=True, reads=reads)


def name_of(rule: Rule, label: str | None) -> str:
    """What a rule decides about, for people."""
    return f"{rule.etype}.{rule.action}" if label is None else f"{rule.etype}.fields.{label}"


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


def _judged(undecided: Undecided) -> Callable[[str], Fragment]:
    """The predicate of what Python has decided; sets are hashed where arrays would be searched."""
    passing = FromConstant(undecided.passing_slot, _as_array)
    failing = FromConstant(undecided.failing_slot, _as_array)
    rule = undecided.rule

    def passes(column: str) -> Fragment:
        return sql(
            f"case when {column} in (select unnest(%s::uuid[])) then true"
            f" when {column} in (select unnest(%s::uuid[])) then instant_rule_failed(%s, %s)"
            " else false end",
            passing,
            failing,
            rule.etype,
            rule.action,
        )

    return passes


def _as_array(ids: list[str]) -> str:
    """PostgreSQL's text of an array of ids; to have psycopg write it takes five times as long."""
    return "".join(("{", ",".join(ids), "}"))
