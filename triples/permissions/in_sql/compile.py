"""From a rule's tree to SQL about one entity: the formula that says when it permits.

What has no place here raises `NotSql`, and the rule is decided in Python. Equality, null tests and
membership in refs become the conditions that queries have too, so that they find rows by the same
indexes and are watched as narrowly; all else is computed from values. Spec: §13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triples.attrs.attr import Attr
from triples.instaql.conditions import ConditionSql, certain
from triples.instaql.dependencies import fixed, reads_of_condition
from triples.instaql.forms import (
    Condition,
    IsOneOf,
    Linked,
    Missing,
    Present,
    Shared,
    Some,
    Step,
    Term,
)
from triples.instaql.leaf_values import is_by_instant
from triples.instaql.reads import Anything, ConditionRead
from triples.permissions.in_sql import lists, times, values
from triples.permissions.in_sql.facts import is_fact, kind_of
from triples.permissions.in_sql.formula import (
    FAILS,
    NO,
    YES,
    Formula,
    all_of,
    any_of,
    choice,
    formula_of,
    negation,
)
from triples.permissions.in_sql.inline import written_out
from triples.permissions.in_sql.operands import Operands, why_not
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.in_sql.values import Value
from triples.permissions.tree import (
    And,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Has,
    Index,
    ListOf,
    Literal,
    Name,
    Node,
    Not,
    Or,
    Ref,
    Select,
    nodes_of,
)
from triples.sql.fragment import sql

_SCALARS = frozenset(("true", "false", "int", "double", "uuid", "string"))
_STRING_TESTS = {
    "startsWith": "starts_with({a}, {b})",
    "endsWith": "right({a}, length({b})) = {b}",
    "contains": "position({b} in {a}) > 0",
}


@dataclass(slots=True)
class RuleSql(Operands):
    """Compiles one rule about entities of `etype`, and notes what it reads."""

    def verdict(self, expression: Node) -> Formula:
        """When the rule permits: false is "denies", neither is a failure. Raises `NotSql`."""
        return self._verdict(written_out(expression))

    def _verdict(self, node: Node) -> Formula:
        if is_fact(node):
            kind = kind_of(self._fact(node).value)
            return FAILS if kind == "failure" else formula_of(kind not in ("null", "false"))
        match node:
            case Conditional(condition, then, otherwise):
                chosen = self._verdict(then), self._verdict(otherwise)
                return choice(self._plain_condition(condition), *chosen)
            case Select() | Index() | Name() | Call("size" | "lowerAscii" | "upperAscii"):
                return self._verdict_of_value(node)
            case Ref():
                lists.path_of(self.ground.catalog, *self._start(node))
                return YES
            case _:
                return self._formula(node)

    def _verdict_of_value(self, node: Node) -> Formula:
        attr = self._own_attr(node)
        if attr is not None and attr.typed and attr.checked_data_type == "boolean":
            return self._equal_to_literal(attr, Literal(value=True))
        return values.as_verdict(self._value(node))

    # -- booleans ----------------------------------------------------------------------------

    def _formula(self, node: Node) -> Formula:
        """The expression where a boolean is needed."""
        if is_fact(node):
            kind = kind_of(self._fact(node).value)
            return formula_of(kind == "true") if kind in ("true", "false") else FAILS
        match node:
            case And(operands):
                return all_of(_without_implied([self._formula(each) for each in operands]))
            case Or(operands):
                return self._either([self._formula(each) for each in operands])
            case Not(operand):
                return negation(self._formula(operand))
            case Conditional(condition, then, otherwise):
                chosen = self._formula(then), self._formula(otherwise)
                return choice(self._plain_condition(condition), *chosen)
            case Binary("==", left, right):
                return self._equality(left, right)
            case Binary("!=", left, right):
                return negation(self._equality(left, right))
            case Binary("in", item, container):
                return self._membership(item, container)
            case Binary("<" | "<=" | ">" | ">=" as operator, left, right):
                if (timed := self._by_time(left, operator, right)) is not None:
                    return timed
                return values.compares(self._value(left), operator, self._value(right))
            case Has(Name("data" | "auth" | "ruleParams"), _):
                return YES  # every field of these can be selected (§13.2)
            case Call(function, target, (argument,)) if function in _STRING_TESTS and target:
                test = _STRING_TESTS[function]
                return values.text_test(test, self._value(target), self._value(argument))
            case Comprehension("exists" | "all"):
                return self._quantified(node)
            case Select() | Index() | Name():
                return self._flag(node)
            case _:
                raise NotSql(why_not(node))

    def _plain_condition(self, node: Node) -> Formula:
        """A condition of `? :`; it is written twice, so conditions of conditions would double."""
        if not is_fact(node) and any(isinstance(each, Conditional) for each in nodes_of(node)):
            raise NotSql("a condition of a condition is chosen by another")
        return self._formula(node)

    def _flag(self, node: Node) -> Formula:
        attr = self._own_attr(node)
        if attr is None:
            return values.as_condition(self._value(node))
        is_true = self._equal_to_literal(attr, Literal(value=True))
        is_false = self._equal_to_literal(attr, Literal(value=False))
        return Formula(is_true.true, is_false.true, required=is_true.required)

    def _equality(self, left: Node, right: Node) -> Formula:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Ref) and is_fact(other):
                return self._equal_to_ref(one, other)
            attr = self._own_attr(one)
            if attr is not None and is_fact(other):
                return self._equal_to_fact(attr, other)
        if (timed := self._by_time(left, "==", right)) is not None:
            return timed
        return values.equals(self._value(left), self._value(right))

    def _equal_to_ref(self, ref: Ref, node: Node) -> Formula:
        """A ref is a list, and equal to nothing else."""
        if node == ListOf(()):
            return lists.is_empty(self._members(ref))
        kind = kind_of(self._fact(node).value)
        if isinstance(kind, tuple) or kind == "other":
            raise NotSql("a ref is compared with a list")
        lists.path_of(self.ground.catalog, *self._start(ref))
        return FAILS if kind == "failure" else NO

    def _by_time(self, left: Node, operator: str, right: Node) -> Formula | None:
        """A date of the entity against a known moment, if it is such a comparison."""
        for one, other, mirrored in (
            (left, right, operator),
            (right, left, times.MIRRORED[operator]),
        ):
            match one:
                case Call("timestamp", None, (of,)) if is_fact(other):
                    attr, moment = self._own_attr(of), self._fact(other)
                    if attr is None or not is_by_instant(attr) or kind_of(moment.value) != "time":
                        return None
                    self.reads.append(fixed(ConditionRead(attr.id, Anything())))
                    alias = f"date_{next(self.ground.numbers)}"
                    return times.compares(self.ground.app_id, attr, mirrored, moment, alias)
        return None

    def _equal_to_fact(self, attr: Attr, node: Node) -> Formula:
        """An attr of the entity itself has the fact's value."""
        constant = self._fact(node)
        kind = kind_of(constant.value)
        if kind == "failure":
            return FAILS
        if kind == "null":
            return NO if attr.label == "id" else self._missing(attr)
        if attr.is_ref:
            step = Step(attr, "forward")
            return self._holds(Linked(step, constant)) if kind == "uuid" else NO
        if attr.label == "id":
            return self._holds(IsOneOf(attr, constant)) if kind == "uuid" else NO
        if kind == "unstorable":
            return NO
        if kind in _SCALARS and not is_by_instant(attr):
            return self._holds(IsOneOf(attr, constant))
        return values.equals(self._stored("data", attr), self._known(constant))

    def _equal_to_literal(self, attr: Attr, literal: Literal) -> Formula:
        return self._equal_to_fact(attr, literal)

    def _missing(self, attr: Attr) -> Formula:
        id_attr = self.ground.catalog.id_attr(attr.etype)
        if id_attr is None:
            raise NotSql(f"{attr.etype} has no ids")
        return self._holds(Missing(Step(attr, "forward"), id_attr))

    def _holds(self, leaf: Any, path: tuple[Step, ...] = ()) -> Formula:
        return self._condition(Shared((Term(path, leaf),)))

    def _condition(self, condition: Condition) -> Formula:
        self.reads.extend(reads_of_condition(condition))
        return self._by_condition(condition)

    def _by_condition(self, condition: Condition) -> Formula:
        writer = ConditionSql(self.ground.app_id, self.ground.numbers)
        has_groups = writer.holds_by_groups(condition, "id") is not None
        return Formula(
            lambda row: writer.holds(condition, row),
            condition=condition,
            required=(condition,),
            by_groups=(lambda row: certain(writer.holds_by_groups(condition, row)))
            if has_groups
            else None,
        )

    def _either(self, formulas: list[Formula]) -> Formula:
        """`||`; what an index finds is looked for once instead of tested for each row."""
        formula = any_of(formulas)
        match formula.condition:
            case Some(items) if all(map(_finds_few, items)):
                return self._by_condition(Some(items))
        return formula

    # -- membership --------------------------------------------------------------------------

    def _membership(self, item: Node, container: Node) -> Formula:
        match container:
            case Ref("data") if is_fact(item):
                return self._fact_in_ref(item, container)
            case Ref():
                members = self._members(container)
                return lists.contains(members, self._value(item), null_is_member=False)
            case ListOf(items) if not is_fact(container):
                equal = [self._equality(item, other) for other in items]
                if any(formula.can_fail for formula in equal):
                    raise NotSql("a list is made of what may fail")
                return self._either(equal)
        if is_fact(container):
            return self._in_fact(item, container)
        members = lists.inside(self._simple(container))
        return lists.contains(members, self._value(item), null_is_member=True)

    def _fact_in_ref(self, item: Node, ref: Ref) -> Formula:
        constant = self._fact(item)
        kind = kind_of(constant.value)
        if kind == "failure":
            return FAILS
        path = lists.path_of(self.ground.catalog, *self._start(ref))
        if kind == "null" or (path.leaf.label == "id" and kind != "uuid"):
            return NO
        if kind in _SCALARS and not is_by_instant(path.leaf):
            return self._holds(IsOneOf(path.leaf, constant), path.steps)
        members = self._members(ref)
        return lists.contains(members, self._known(constant), null_is_member=False)

    def _in_fact(self, item: Node, container: Node) -> Formula:
        constant = self._fact(container)
        kind = kind_of(constant.value)
        if kind == "map":
            raise NotSql("a map of the asker is searched")
        if not isinstance(kind, tuple):
            return FAILS
        kinds: frozenset[Any] = kind[1]
        attr = self._own_attr(item)
        if attr is None or attr.is_ref or is_by_instant(attr) or not kinds <= {*_SCALARS, "null"}:
            members = lists.inside(self._known(constant))
            return lists.contains(members, self._value(item), null_is_member=True)
        if not kinds:
            return NO
        listed = self._holds(IsOneOf(attr, constant, many=True))
        return self._either([listed, self._missing(attr)]) if "null" in kinds else listed

    def _quantified(self, node: Comprehension) -> Formula:
        if node.condition is None:
            raise NotSql(why_not(node))
        members = self._members(node.range)
        column = f"each_{next(self.ground.numbers)}.value"
        outer = self._variables
        self._variables = {**outer, node.variable: Value(lambda row: sql(column))}
        try:
            test = self._formula(node.condition)
        finally:
            self._variables = outer
        quantify = lists.some_member if node.macro == "exists" else lists.every_member
        return quantify(members, test, column)


def _finds_few(condition: Condition) -> bool:
    match condition:
        case Shared((Term((), Linked()),)):
            return True
        case Shared((Term((), IsOneOf(attr)),)):
            return attr.unique
    return False


def _without_implied(formulas: list[Formula]) -> list[Formula]:
    """Leave out "is not null" of an attr that another operand wants to have some value."""
    valued = set()
    for formula in formulas:
        match formula.condition:
            case Shared((Term((), IsOneOf(attr, many=False)),)):
                valued.add(attr)
            case Shared((Term((), Linked(Step(attr, "forward"))),)):
                valued.add(attr)
    return [formula for formula in formulas if not _is_presence(formula.condition, valued)]


def _is_presence(condition: Condition | None, of: set[Attr]) -> bool:
    match condition:
        case Shared((Term((), Present(step)),)):
            return step.attr in of
    return False
