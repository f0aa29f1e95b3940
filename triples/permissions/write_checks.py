"""Which rules a write must pass, before it is executed and after (§14.1 to §14.3). Pure.

A check is about an entity in its etype; equal checks are one. Where nothing is ruled everything is
allowed, so there is no check, unless all are wanted for a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from triples.attrs.attr import Attr
from triples.permissions.entities import Entity, Member
from triples.permissions.rules import ATTRS, Action, LinkAction, Rule, Rules
from triples.permissions.scope import Bindings
from triples.permissions.tree import Literal as Constant
from triples.permissions.values import Request
from triples.transact.effects import Effect
from wire import json

Scope = Literal["object", "attr"]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule to be asked about one entity; without a rule it passes."""

    scope: Scope
    action: Action | LinkAction
    etype: str
    entity_id: str | None
    rule: Rule | None
    bindings: Bindings

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for checks that must have the same outcome (§14.1)."""
        bindings = self.bindings
        linked = (bindings.linked_data or {}).get("id")
        rest = json.canonical([bindings.rule_params, bindings.actions, linked])
        return (self.action, self.etype, self.entity_id, id(self.rule), bindings.linked_etype, rest)


@dataclass(frozen=True, slots=True)
class Facts:
    """What checks are made of.

    - `before`, `after`: the entities that exist before the write, and as it leaves them.
    - `doomed`: the entities to be deleted.
    - `rule_params`: by entity and etype, what cascades inherit included.
    - `reports_all`: whether checks that always pass are wanted, too.
    """

    rules: Rules
    effects: Sequence[Effect]
    doomed: Sequence[Member]
    new_attrs: Sequence[Attr]
    before: Mapping[Member, Entity]
    after: Mapping[Member, Entity]
    auth: Entity
    rule_params: Mapping[Member, dict[str, Any]]
    modified_fields: Mapping[str, list[str]]
    request: Request
    reports_all: bool


def may_be_judged(
    rules: Rules, effects: Iterable[Effect], doomed: Iterable[Member], new_attrs: Sequence[Attr]
) -> bool:
    """Whether any rule could have a say; if not, no entity needs to be loaded."""
    asked: set[tuple[str, Action]] = {(etype, "delete") for _, etype in doomed}
    if new_attrs:
        asked.add((ATTRS, "create"))
    for attr in {effect.attr.id: effect.attr for effect in effects}.values():
        asked |= {(attr.etype, "create"), (attr.etype, "update"), (attr.etype, "view")}
        if attr.is_ref and attr.reverse_etype is not None:
            asked.add((attr.reverse_etype, "view"))
            if _has_link_rule(rules, attr):
                return True
        if rules.for_field(attr.etype, attr.label) is not None:
            return True
    return any(not _always_passes(rules.for_action(*one)) for one in asked)


def checks_before(facts: Facts) -> list[Check]:
    """The checks that precede the writes: of updates, deletes, links and unlinks."""
    checks = _Checks(facts)
    found = [check for effect in facts.effects for check in checks.before(effect)]
    return _distinct([*found, *(checks.delete(member) for member in facts.doomed)], facts)


def checks_after(facts: Facts) -> list[Check]:
    """The checks that follow the writes: of new entities, links to and from them, and attrs."""
    checks = _Checks(facts)
    found = [checks.new_attr(attr) for attr in facts.new_attrs]
    found += [check for effect in facts.effects for check in checks.after(effect)]
    return _distinct(found, facts)


class _Checks:
    """Makes checks from effects."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._rules = facts.rules
        doomed = frozenset(facts.doomed)
        self._changes: dict[tuple[Action, Member], Check] = {}
        # An entity that is deleted and then written to is made anew.
        self._made = {
            member: entity
            for member, entity in facts.after.items()
            if member not in facts.before or member in doomed
        }

    def before(self, effect: Effect) -> Iterator[Check]:
        member, target = effect.member, effect.target
        if member is None:
            return
        is_there = member in self._facts.before
        if effect.step.op == "expect-triple":
            if is_there:
                yield from self._seen(effect, member)
        elif not effect.is_link:
            if is_there:
                yield self._update(member)
        elif effect.step.op == "retract-triple":
            yield from self._link(effect, "unlink", member, target, self._facts.before)
        else:
            yield from self._link(effect, "link", member, target, self._facts.before)

    def after(self, effect: Effect) -> Iterator[Check]:
        member, target = effect.member, effect.target
        if member is None or not effect.is_writing:
            return
        if not effect.is_link:
            if member in self._made:
                yield self._create(member)
            return
        yield from self._link(effect, "link", member, target, self._made)

    def delete(self, member: Member) -> Check:
        rule = self._rules.for_action(member[1], "delete")
        data = self._facts.before.get(member, {})
        return self._check("delete", member, rule, self._bindings(member, data))

    def new_attr(self, attr: Attr) -> Check:
        rule = self._rules.for_action(ATTRS, "create")
        bindings = self._bindings((attr.id, ATTRS), attr.to_wire())
        return Check("attr", "create", ATTRS, attr.id, rule, bindings)

    def _link(
        self,
        effect: Effect,
        action: LinkAction,
        member: Member,
        target: Member | None,
        concerned: Mapping[Member, Entity],
    ) -> Iterator[Check]:
        """The checks of those sides that are `concerned`: that are there, or that were made."""
        attr = effect.attr
        own, other = _link_rules(self._rules, attr, action)
        if own is not None or other is not None:
            if own is not None and member in concerned:
                yield self._linked(action, own, concerned, member, target, self._was(target))
            if other is not None and target is not None and target in concerned:
                # The far side sees the entity as it will be when the link is there.
                linked = self._facts.after.get(member) if action == "link" else self._was(member)
                yield self._linked(action, other, concerned, target, member, linked)
            return
        params = self._params(member, target)
        if member in concerned:
            is_new = concerned is self._made
            check = self._create(member) if is_new else self._update(member)
            if params != check.bindings.rule_params:
                check = replace(check, bindings=replace(check.bindings, rule_params=params))
            yield check
        if target is not None and target in concerned:
            yield self._view(target, self._params(target, member))

    def _linked(
        self,
        action: LinkAction,
        rule: Rule,
        concerned: Mapping[Member, Entity],
        member: Member,
        other: Member | None,
        linked: Entity | None,
    ) -> Check:
        facts = self._facts
        # A new entity is judged by what it has become, a stored one by what it was.
        data = concerned[member]
        actions = {
            "data": "create" if concerned is self._made else "update",
            "linkedData": "update" if other in facts.before else "create",
        }
        bindings = replace(
            self._bindings(member, data),
            new_data=facts.after.get(member, {}),
            linked_data=linked or {},
            linked_etype=None if other is None else other[1],
            actions=actions if action == "link" else None,
            rule_params=self._params(member, other),
        )
        return self._check(action, member, rule, bindings)

    def _was(self, member: Member | None) -> Entity | None:
        """A stored entity as it was, a new one as it will be."""
        if member is None:
            return None
        return self._facts.before.get(member) or self._facts.after.get(member)

    def _seen(self, effect: Effect, member: Member) -> Iterator[Check]:
        """An expectation tells what is stored, so it needs what a query would need."""
        yield self._view(member, self._facts.rule_params.get(member, {}))
        field = self._rules.for_field(member[1], effect.attr.label)
        if field is not None:
            data = self._facts.before[member]
            yield self._check("view", member, field, self._bindings(member, data))

    def _view(self, member: Member, params: dict[str, Any]) -> Check:
        facts = self._facts
        data = facts.before.get(member) or facts.after.get(member, {})
        rule = self._rules.for_action(member[1], "view")
        bindings = replace(self._bindings(member, data), rule_params=params)
        return self._check("view", member, rule, bindings)

    def _update(self, member: Member) -> Check:
        return self._changed("update", member, self._facts.before[member])

    def _create(self, member: Member) -> Check:
        return self._changed("create", member, self._facts.after.get(member, {}))

    def _changed(self, action: Action, member: Member, data: Entity) -> Check:
        """The check of all steps that write to an entity, made once."""
        if (known := self._changes.get((action, member))) is not None:
            return known
        rule = self._rules.for_action(member[1], action)
        fields = tuple(self._facts.modified_fields.get(member[0], ()))
        bindings = self._bindings(member, data)
        bindings = replace(
            bindings,
            new_data=self._facts.after.get(member, {}),
            request=replace(bindings.request, modified_fields=fields),
        )
        check = self._check(action, member, rule, bindings)
        self._changes[action, member] = check
        return check

    def _bindings(self, member: Member, data: Entity) -> Bindings:
        return Bindings(
            etype=member[1],
            data=data,
            auth=self._facts.auth,
            rule_params=self._facts.rule_params.get(member, {}),
            request=self._facts.request,
        )

    def _params(self, own: Member, other: Member | None) -> dict[str, Any]:
        """Both sides' parameters; a side's own win."""
        params = self._facts.rule_params
        others = {} if other is None else params.get(other, {})
        return {**others, **params.get(own, {})}

    def _check(
        self, action: Action | LinkAction, member: Member, rule: Rule | None, bindings: Bindings
    ) -> Check:
        return Check("object", action, member[1], member[0], rule, bindings)


def _link_rules(rules: Rules, attr: Attr, action: LinkAction) -> tuple[Rule | None, Rule | None]:
    """The rules of both sides about this link, each of its own etype."""
    own = rules.for_link(attr.etype, attr.label, action)
    if attr.reverse_etype is None or attr.reverse_label is None:
        return own, None
    return own, rules.for_link(attr.reverse_etype, attr.reverse_label, action)


def _has_link_rule(rules: Rules, attr: Attr) -> bool:
    actions: tuple[LinkAction, ...] = ("link", "unlink")
    return any(_link_rules(rules, attr, action) != (None, None) for action in actions)


def _always_passes(rule: Rule | None) -> bool:
    return rule is None or rule.expression == Constant(True)


def _distinct(checks: Iterable[Check], facts: Facts) -> list[Check]:
    objects = {id(check): check for check in checks}.values()
    wanted = [check for check in objects if facts.reports_all or not _always_passes(check.rule)]
    return list({check.identity: check for check in wanted}.values())
