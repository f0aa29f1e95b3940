"""A rule's boolean parts as SQL that is exact about failures.

An expression of a rule is true, false, or *fails*: by an error, or by a value that is no boolean
where one is needed. So a formula is two predicates, neither ever null: when it is true, and when
it is false. Where neither holds it fails, which an operand beside it may still absorb (§13.5).
Most formulas cannot fail; then "false" is simply "not true".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from triples.instaql.forms import All, Condition, Missing, Present, Shared, Some, Term
from triples.sql.fragment import Fragment, join, sql

Maker = Callable[[str], Fragment]
"""Writes SQL about the entity whose id is in the named column."""

_TRUE: Final = sql("true")
_FALSE: Final = sql("false")


@dataclass(frozen=True, slots=True)
class Formula:
    """When an expression is true and when it is false.

    - `false` is None where the formula cannot fail.
    - `condition` says the same as a query's condition, where one can; `required` are conditions
      that hold whenever the formula is true.
    - `known` is the value where it is the same for every row.
    - `by_groups` is `true` for a statement that passes over all rows anyway, where there is a
      quicker form of it (`ConditionSql.holds_by_groups`).
    """

    true: Maker
    false: Maker | None = None
    condition: Condition | None = None
    required: tuple[Condition, ...] = ()
    known: bool | None = None
    by_groups: Maker | None = None

    @property
    def can_fail(self) -> bool:
        """Whether there may be rows for which it is neither true nor false."""
        return self.false is not None

    def is_false(self, row: str) -> Fragment:
        """The predicate "false", whether or not the formula can fail."""
        if self.false is not None:
            return self.false(row)
        return self.true(row).wrap("not ", "")

    def of_all(self, row: str) -> Fragment:
        """The predicate "true" in its quickest form for all rows."""
        return self.true(row) if self.by_groups is None else self.by_groups(row)


YES: Final = Formula(lambda row: _TRUE, known=True)
NO: Final = Formula(lambda row: _FALSE, known=False)
FAILS: Final = Formula(lambda row: _FALSE, lambda row: _FALSE)


def formula_of(value: bool) -> Formula:
    """The formula of a known value."""
    return YES if value else NO


def all_of(formulas: Iterable[Formula]) -> Formula:
    """`&&`: one operand that is false decides, even beside others that fail."""
    items = list(formulas)
    if any(item.known is False for item in items):
        return NO
    items = [item for item in items if item.known is None]
    if len(items) < 2:
        return items[0] if items else YES
    conditions = [item.condition for item in items if item.condition is not None]
    return Formula(
        true=lambda row: _every([item.true(row) for item in items]),
        false=_some_false(items),
        condition=All(tuple(conditions)) if len(conditions) == len(items) else None,
        required=tuple(condition for item in items for condition in item.required),
        by_groups=_grouped(items, lambda row: _every([item.of_all(row) for item in items])),
    )


def any_of(formulas: Iterable[Formula]) -> Formula:
    """`||`: one operand that is true decides, even beside others that fail."""
    items = list(formulas)
    if any(item.known is True for item in items):
        return YES
    items = [item for item in items if item.known is None]
    if len(items) < 2:
        return items[0] if items else NO
    conditions = [item.condition for item in items if item.condition is not None]
    condition = Some(tuple(conditions)) if len(conditions) == len(items) else None
    return Formula(
        true=lambda row: _either([item.true(row) for item in items]),
        false=_all_false(items),
        condition=condition,
        required=() if condition is None else (condition,),
        by_groups=_grouped(items, lambda row: _either([item.of_all(row) for item in items])),
    )


def negation(formula: Formula) -> Formula:
    """`!`: what fails, fails still."""
    if formula.known is not None:
        return formula_of(not formula.known)
    condition = _opposite(formula.condition)
    return Formula(
        true=formula.is_false,
        false=formula.true if formula.can_fail else None,
        condition=condition,
        required=() if condition is None else (condition,),
        by_groups=_grouped([formula], lambda row: formula.of_all(row).wrap("not ", "")),
    )


def choice(condition: Formula, then: Formula, otherwise: Formula) -> Formula:
    """`condition ? then : otherwise`; fails where the condition does."""
    if condition.known is not None:
        return then if condition.known else otherwise

    def when(wanted: Callable[[Formula, str], Fragment]) -> Maker:
        return lambda row: _either(
            [
                _every([condition.true(row), wanted(then, row)]),
                _every([condition.is_false(row), wanted(otherwise, row)]),
            ]
        )

    can_fail = condition.can_fail or then.can_fail or otherwise.can_fail
    return Formula(
        true=when(lambda formula, row: formula.true(row)),
        false=when(lambda formula, row: formula.is_false(row)) if can_fail else None,
    )


def _grouped(items: list[Formula], maker: Maker) -> Maker | None:
    """The maker, where some of what it is made of has a quicker form and nothing can fail."""
    if any(item.can_fail for item in items) or all(item.by_groups is None for item in items):
        return None
    return maker


def _some_false(items: list[Formula]) -> Maker | None:
    if not any(item.can_fail for item in items):
        return None
    return lambda row: _either([item.is_false(row) for item in items])


def _all_false(items: list[Formula]) -> Maker | None:
    if not any(item.can_fail for item in items):
        return None
    return lambda row: _every([item.is_false(row) for item in items])


def _every(predicates: list[Fragment]) -> Fragment:
    return join(" and ", predicates).wrap("(", ")")


def _either(predicates: list[Fragment]) -> Fragment:
    return join(" or ", predicates).wrap("(", ")")


def _opposite(condition: Condition | None) -> Condition | None:
    """The condition that holds exactly where this one does not, if there is one."""
    match condition:
        case Shared((Term((), Missing(step, id_attr)),)):
            return Shared((Term((), Present(step, id_attr)),))
        case Shared((Term((), Present(step, id_attr)),)):
            return Shared((Term((), Missing(step, id_attr)),))
        case _:
            return None
