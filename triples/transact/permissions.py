"""A write before the app's rules: what they must be asked, and what they said.

The rules are asked twice, in the write's own transaction: before anything is stored about what is
there, and after it about what was made (§14). `triples.permissions.write_checks` decides which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.permissions.entities import Member, load_with_auth
from triples.permissions.evaluate import Outcome, Question, evaluate, permits
from triples.permissions.rate_limits import take_tokens
from triples.permissions.refs import load_refs
from triples.permissions.refusals import check_decided, check_permitted
from triples.permissions.scope import RefKey
from triples.permissions.time_functions import now
from triples.permissions.values import RefValues, Request
from triples.permissions.write_checks import (
    Check,
    Facts,
    checks_after,
    checks_before,
    may_be_judged,
)
from triples.transact import guard
from triples.transact.effects import after, effects_of, modified_fields, rule_params
from triples.transact.steps import AddAttr, Step, TripleStep
from triples.transact.work import Work


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check and the value of its rule; true where there is no rule."""

    check: Check
    outcome: Outcome

    @property
    def passes(self) -> bool:
        """Whether the rule allows."""
        return permits(self.outcome)


class Judged:
    """One write and its rules. `verdicts` are gathered where no denial ends the write."""

    def __init__(self, work: Work, catalog: AttrCatalog, facts: Facts | None) -> None:
        self._work = work
        self._catalog = catalog
        self._facts = facts
        self.verdicts: list[Verdict] = []

    async def before(self) -> None:
        """Ask what concerns stored entities; raises the rules' refusals."""
        if self._facts is not None:
            await self._ask(checks_before(self._facts))
            made = self._facts.after.keys() - self._facts.before.keys()
            guard.check_created(self._work.author, {etype for _, etype in made})

    async def after(self) -> None:
        """Ask what concerns new entities, with all writes done."""
        if self._facts is not None:
            self._catalog = self._work.catalog
            await self._ask(checks_after(self._facts))

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        """The values of refs as the transaction sees them now."""
        return await load_refs(self._work.conn, self._work.app_id, self._catalog, keys)

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        """Tokens of the app's rate limits; they stay taken whatever becomes of the write."""
        limits = self._work.rules.rate_limits
        await take_tokens(self._work.app_id, limits, bucket, key, tokens)

    async def _ask(self, checks: Sequence[Check]) -> None:
        questions = [Question(c.rule, c.bindings) for c in checks if c.rule is not None]
        outcomes = iter(await evaluate(questions, self))
        gathers = self._work.gathers_verdicts
        for check in checks:
            outcome = True
            if check.rule is not None:
                outcome = next(outcomes)
                check_decided(check.rule, outcome, shows_cause=gathers)
            if gathers:
                self.verdicts.append(Verdict(check, outcome))
            else:
                check_permitted(outcome, check.etype, check.scope)


async def judged(
    work: Work,
    steps: Sequence[Step],
    attrs: Mapping[str, Attr],
    catalog: AttrCatalog,
    doomed: Mapping[Member, Sequence[Member]],
) -> Judged:
    """The write with what its rules need to know, loaded in one statement.

    `catalog` holds the attrs as they will be; `doomed` are the entities to be deleted, and whom
    each follows.
    """
    effects = effects_of(work, (s for s in steps if isinstance(s, TripleStep)), attrs)
    new_attrs = [step.attr for step in steps if isinstance(step, AddAttr)]
    reports_all = work.gathers_verdicts
    must_know = reports_all or guard.guards_creation(e.attr.etype for e in effects)
    if not must_know and not may_be_judged(work.rules, effects, doomed, new_attrs):
        return Judged(work, catalog, None)
    members = [
        member
        for effect in effects
        for member in (effect.member, effect.target)
        if member is not None
    ]
    user_id = work.author.user_id
    stored, auth = await load_with_auth(
        work.conn, work.app_id, catalog, [*members, *doomed], user_id
    )
    params = rule_params(work, steps)
    for member, roots in doomed.items():
        inherited = {k: v for root in roots for k, v in params.get(root, {}).items()}
        params[member] = {**inherited, **params.get(member, {})}
    request = Request(time=now(), ip=work.author.ip, origin=work.author.origin)
    facts = Facts(
        rules=work.rules,
        effects=effects,
        doomed=list(doomed),
        new_attrs=new_attrs,
        before=stored,
        after=after(effects, stored, [step.op for step in steps], doomed),
        auth=auth,
        rule_params=params,
        modified_fields=modified_fields(effects),
        request=request,
        reports_all=reports_all,
    )
    return Judged(work, catalog, facts)
