"""Binds written out: every use of a bind replaced by what it stands for.

A bind is evaluated where it is used, so nothing changes but the size, which is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from triples.permissions.in_sql.refusal import NotSql
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
    free_names,
)

MAX_NODES: Final = 500  # some 20 times what people write; SQL grows with it


@dataclass(slots=True)
class _Budget:
    left: int = MAX_NODES


def written_out(node: Node) -> Node:
    """The expression without `Bind`; raises `NotSql` for one that becomes too large."""
    return _inlined(node, {}, _Budget())


def _inlined(node: Node, binds: Mapping[str, Node], budget: _Budget) -> Node:
    budget.left -= 1
    if budget.left < 0:
        raise NotSql("with its binds written out it is too large")

    def each(part: Node) -> Node:
        return _inlined(part, binds, budget)

    match node:
        case Name(name):
            bound = binds.get(name)
            return node if bound is None else _counted(bound, budget)
        case Bind(name, value, body):
            return _inlined(body, {**binds, name: each(value)}, budget)
        case Comprehension():
            return _comprehension(node, binds, budget)
        case _:
            return _with_parts(node, each)


def _counted(node: Node, budget: _Budget) -> Node:
    """A bind's value, counted where it is used."""
    return _inlined(node, {}, budget)


def _comprehension(node: Comprehension, binds: Mapping[str, Node], budget: _Budget) -> Node:
    inner = {name: value for name, value in binds.items() if name != node.variable}
    if any(node.variable in free_names(value) for value in inner.values()):
        raise NotSql(f"the variable {node.variable} stands for two things")
    return replace(
        node,
        range=_inlined(node.range, binds, budget),
        condition=None if node.condition is None else _inlined(node.condition, inner, budget),
        result=None if node.result is None else _inlined(node.result, inner, budget),
    )


def _with_parts(node: Node, each: Callable[[Node], Node]) -> Node:
    match node:
        case Select(operand, field):
            return Select(each(operand), field)
        case Has(operand, field):
            return Has(each(operand), field)
        case Index(operand, index):
            return Index(each(operand), each(index))
        case ListOf(items):
            return ListOf(tuple(map(each, items)))
        case MapOf(entries):
            return MapOf(tuple((each(key), each(value)) for key, value in entries))
        case Not(operand):
            return Not(each(operand))
        case Negate(operand):
            return Negate(each(operand))
        case And(operands):
            return And(tuple(map(each, operands)))
        case Or(operands):
            return Or(tuple(map(each, operands)))
        case Binary(operator, left, right):
            return Binary(operator, each(left), each(right))
        case Conditional(condition, then, otherwise):
            return Conditional(each(condition), each(then), each(otherwise))
        case Call(function, target, arguments):
            new_target = None if target is None else each(target)
            return Call(function, new_target, tuple(map(each, arguments)))
        case Limit(bucket, key, tokens):
            return Limit(bucket, each(key), None if tokens is None else each(tokens))
        case Literal() | Ref():
            return node
        case Name() | Bind() | Comprehension():
            raise TypeError("names and scopes are not parts")
