"""From an expression's tree to a Python function: each node becomes a closure over its children's.

A closure takes the `Scope` and returns a value, or raises what `failures` lists. Semantics are
Instant's (§13); what is no node's business, like loading refs and taking tokens, is `evaluate`'s.
Loops, long texts and long lists are charged to the scope's budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from triples.permissions import values
from triples.permissions.comparisons import LONG_TEXT, at_least, at_most, equality, greater
from triples.permissions.conversions import TYPES
from triples.permissions.failures import (
    EvaluationFailed,
    LimitMissing,
    RefMissing,
    no_overload,
)
from triples.permissions.functions import Function, find
from triples.permissions.logic import Lazy, bound_to, chosen_by, decided_by, negation_of
from triples.permissions.loops import loop
from triples.permissions.operators import ARITHMETIC, negate
from triples.permissions.rules import Rule
from triples.permissions.scope import Scope
from triples.permissions.text_functions import bounded
from triples.permissions.tree import (
    And,
    Binary,
    Bind,
    Call,
    Comprehension,
    Conditional,
    Has,
    Index,
    Limit,
    ListOf,
    Literal,
    MapOf,
    Name,
    Negate,
    Node,
    Not,
    Or,
    Ref,
    Select,
    nodes_of,
)
from wire import json

UNKNOWN_PATTERN_STEPS: Final = 4_000  # each may have to be compiled: up to a millisecond
MAX_CLOSURES: Final = 20_000  # of rules; one takes some kilobytes

Closure = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule's closure, how many slots its variables need, and how many steps one run costs."""

    run: Closure
    slots: int
    steps: int


@lru_cache(MAX_CLOSURES)
def compiled(rule: Rule) -> Compiled:
    """The rule's closure, made once."""
    return compile_expression(rule.expression)


def compile_expression(expression: Node) -> Compiled:
    """An expression's closure."""
    compiler = _Compiler()
    run = compiler.closure(expression, {})
    return Compiled(run, compiler.slots, sum(1 for _ in nodes_of(expression)))


class _Compiler:
    """Gives every variable of the expression a slot of its own."""

    def __init__(self) -> None:
        self.slots = 0

    def closure(self, node: Node, names: Mapping[str, int]) -> Closure:
        """The node's closure; `names` are the slots of the variables around it."""
        match node:
            case Literal(value):
                return lambda scope: value
            case Name(name):
                return _slot(names[name]) if name in names else _variable(name)
            case Select(operand, field):
                return self._select(operand, field, names)
            case Has(operand, field):
                return _has(self.closure(operand, names), field)
            case Index(operand, index):
                return _index(self.closure(operand, names), self.closure(index, names))
            case Not(operand):
                return negation_of(self.closure(operand, names))
            case Negate(operand):
                return _negate(self.closure(operand, names))
            case And(operands):
                return decided_by(False, "_&&_", self._all(operands, names))
            case Or(operands):
                return decided_by(True, "_||_", self._all(operands, names))
            case Binary():
                return self._binary(node, names)
            case Conditional():
                return chosen_by(*self._all((node.condition, node.then, node.otherwise), names))
            case _:
                return self._compound(node, names)

    def _compound(self, node: Node, names: Mapping[str, int]) -> Closure:
        match node:
            case ListOf(items):
                return _list(self._all(items, names))
            case MapOf(entries):
                keys = self._all(tuple(key for key, _ in entries), names)
                return _map(keys, self._all(tuple(value for _, value in entries), names))
            case Call():
                return self._call(node, names)
            case Comprehension():
                return self._comprehension(node, names)
            case Bind(name, value, body):
                slot = self._new_slot()
                inner = {**names, name: slot}
                return bound_to(slot, self.closure(value, names), self.closure(body, inner))
            case Ref():
                return _ref(node)
            case Limit(_, key, tokens):
                amount = None if tokens is None else self.closure(tokens, names)
                return _limit(node, self.closure(key, names), amount)
        raise TypeError(f"not a node: {node!r}")

    def _all(self, nodes: tuple[Node, ...], names: Mapping[str, int]) -> tuple[Closure, ...]:
        return tuple(self.closure(node, names) for node in nodes)

    def _new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def _select(self, operand: Node, field: str, names: Mapping[str, int]) -> Closure:
        if (named := TYPES.get(_dotted(operand, field) or "")) is not None:
            return lambda scope: named
        if isinstance(operand, Name) and operand.name not in names:
            match operand.name:
                case "data":
                    return lambda scope: scope.data.get(field)
                case "auth":
                    return lambda scope: scope.bindings.auth.get(field)
        of = self.closure(operand, names)
        return lambda scope: values.selected(of(scope), field)

    def _binary(self, node: Binary, names: Mapping[str, int]) -> Closure:
        left, right = self.closure(node.left, names), self.closure(node.right, names)
        match node.operator:
            case "==":
                return equality(left, right, self.slots > 0)
            case "!=":
                return negation_of(equality(left, right, self.slots > 0))
            case "in":
                return lambda scope: values.is_in(left(scope), right(scope), scope.charge)
            case "<":
                return lambda scope: values.less(left(scope), right(scope), "<")
            case ">":
                return greater(left, right)
            case "<=":
                return at_most(left, right)
            case ">=":
                return at_least(left, right)
            case operator:
                return _arithmetic(operator, left, right)

    def _call(self, node: Call, names: Mapping[str, int]) -> Closure:
        nodes = node.arguments if node.target is None else (node.target, *node.arguments)
        function = find(node.function, node.target is not None, len(node.arguments))
        steps = 0 if function is None else function.steps
        if node.function == "matches" and not isinstance(nodes[-1], Literal):
            steps += UNKNOWN_PATTERN_STEPS
        return _call(node.function, function, self._all(nodes, names), steps)

    def _comprehension(self, node: Comprehension, names: Mapping[str, int]) -> Closure:
        ranged = self.closure(node.range, names)
        slot = self._new_slot()
        inner = {**names, node.variable: slot}
        parts = [part for part in (node.condition, node.result) if part is not None]
        condition, result = (
            None if part is None else self.closure(part, inner)
            for part in (node.condition, node.result)
        )
        weight = sum(1 for part in parts for _ in nodes_of(part))
        return loop(node.macro, ranged, slot, condition, result, weight)


def _slot(slot: int) -> Closure:
    def variable(scope: Scope) -> Any:
        value = scope.slots[slot]
        return value.value(scope) if type(value) is Lazy else value

    return variable


def _variable(name: str) -> Closure:
    match name:
        case "data":
            return lambda scope: scope.data
        case "newData":
            return lambda scope: _given(name, scope.bindings.new_data)
        case "auth":
            return lambda scope: scope.bindings.auth
        case "ruleParams":
            return lambda scope: scope.bindings.rule_params
        case "request":
            return lambda scope: scope.bindings.request
        case "linkedData":
            return lambda scope: _given(name, scope.bindings.linked_data)
        case "actions":
            return lambda scope: _given(name, scope.bindings.actions)
    if (named := TYPES.get(name)) is not None:
        return lambda scope: named
    return lambda scope: _given(name, None)


def _given(name: str, value: Any) -> Any:
    if value is None:
        raise EvaluationFailed("ATTRIBUTE_NOT_FOUND", f"undeclared reference to '{name}'")
    return value


def _dotted(operand: Node, field: str) -> str | None:
    """The name of a type like `google.protobuf.Timestamp`."""
    parts = [field]
    while isinstance(operand, Select):
        parts.append(operand.field)
        operand = operand.operand
    return ".".join((operand.name, *reversed(parts))) if isinstance(operand, Name) else None


def _has(operand: Closure, field: str) -> Closure:
    return lambda scope: values.has_field(operand(scope), field)


def _index(operand: Closure, index: Closure) -> Closure:
    return lambda scope: values.at_index(operand(scope), index(scope))


def _negate(operand: Closure) -> Closure:
    return lambda scope: negate(operand(scope))


def _arithmetic(operator: str, left: Closure, right: Closure) -> Closure:
    operate = ARITHMETIC[operator]

    def operated(scope: Scope) -> Any:
        return _charged(scope, operate(left(scope), right(scope)))

    return operated


def _charged(scope: Scope, made: Any) -> Any:
    """What a function made; long texts and lists cost steps."""
    if type(made) is str and len(made) > LONG_TEXT:
        scope.charge(len(bounded(made)) // LONG_TEXT)
    elif type(made) is list:
        scope.charge(len(made))
    return made


def _list(items: tuple[Closure, ...]) -> Closure:
    return lambda scope: [item(scope) for item in items]


def _map(keys: tuple[Closure, ...], items: tuple[Closure, ...]) -> Closure:
    pairs = tuple(zip(keys, items, strict=True))

    def made(scope: Scope) -> values.MapValue:
        scope.charge(5 * len(pairs) + 5)
        return values.MapValue((key(scope), item(scope)) for key, item in pairs)

    return made


def _call(
    name: str, function: Function | None, arguments: tuple[Closure, ...], steps: int
) -> Closure:
    def called(scope: Scope) -> Any:
        given = [argument(scope) for argument in arguments]
        if function is None:
            raise no_overload(name, *given)
        scope.charge(steps)
        for value in given:
            if type(value) is str and len(value) > LONG_TEXT:
                scope.charge(len(value) // LONG_TEXT)
        made = function.call(*given)
        return made if type(made) is bool else _charged(scope, made)

    return called


def _ref(node: Ref) -> Closure:
    path = node.path

    def loaded(scope: Scope, etype: str | None, entity: Mapping[str, Any]) -> Any:
        entity_id = entity.get("id")
        if entity_id is None or etype is None:
            return values.RefValues()
        key = (etype, entity_id, path)
        if (found := scope.refs.get(key)) is not None:
            return found
        scope.missing.add(key)
        raise RefMissing

    match node.source:
        case "data":
            return lambda scope: loaded(scope, scope.bindings.etype, scope.data)
        case "auth":
            return lambda scope: loaded(scope, "$users", scope.bindings.auth)
        case "linkedData":
            return lambda scope: loaded(
                scope,
                scope.bindings.linked_etype,
                _given("linkedData", scope.bindings.linked_data),
            )


def _limit(node: Limit, key: Closure, tokens: Closure | None) -> Closure:
    call = id(node)

    def limited(scope: Scope) -> bool:
        of = values.plain(key(scope))
        amount = 1 if tokens is None else tokens(scope)
        if type(amount) is not int:
            raise no_overload("limit", of, amount)
        asked = json.canonical([of, amount]).decode()
        if (call, asked) not in scope.taken:
            raise LimitMissing(node.bucket, of, amount, call=call, asked=asked)
        if (exceeded := scope.taken[call, asked]) is not None:
            raise exceeded
        return True

    return limited
