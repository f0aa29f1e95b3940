"""Judging an expression before it is ever evaluated: unknown names, and types where known (§12.4).

Values of entities, of `auth` and of rule params have types that nobody knows before; everything
that an expression makes of constants has. The messages are those of CEL's Java engine as far as
tools show them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from triples.permissions.conversions import TYPES
from triples.permissions.functions import find
from triples.permissions.signatures import (
    DURATION,
    GLOBAL_SIGNATURES,
    METHOD_SIGNATURES,
    NUMBERS,
    OPERATORS,
    TIMESTAMP,
    UNSIGNED,
    Overload,
)
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
    Uint,
)

_ALWAYS: Final = {
    "data": "map",
    "auth": "map",
    "ruleParams": "map",
    "request": "request",
    "rateLimit": "map",
}
_NEW: Final = {"newData": "map"}
_LINKED: Final = {"newData": "map", "linkedData": "map"}
VARIABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "view": _ALWAYS,
    "delete": _ALWAYS,
    "create": {**_ALWAYS, **_NEW},
    "update": {**_ALWAYS, **_NEW},
    "link": {**_ALWAYS, **_LINKED, "actions": "map"},
    "unlink": {**_ALWAYS, **_LINKED},
}
"""The variables of rules and their types, by the rule's action (§13.1)."""

_REQUEST: Final = {
    "modifiedFields": "list",
    "time": TIMESTAMP,
    "ip": "string",
    "origin": "string",
}
_LITERALS: Final = {
    type(None): "null",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
}
_SHOWN: Final = {"list": "list(dyn)", "map": "map(string, dyn)", "type": "type(dyn)"}
_ORDERED: Final = (*NUMBERS, "string", "bool", "bytes", TIMESTAMP, DURATION)
_NEVER_NULL: Final = (*NUMBERS, "string", "bool", "bytes")
_NO_REF: Final = "auth.ref arg must start with `$user.`"


def problems(expression: Node, action: str, rate_limits: Collection[str]) -> list[str]:
    """What is wrong with a rule's expression, as messages; empty if nothing is."""
    checker = _Checker(rate_limits)
    checker.type_of(expression, VARIABLES[action])
    return list(dict.fromkeys(checker.problems))


class _Checker:
    """Finds types from the leaves up, and notes what does not fit."""

    def __init__(self, rate_limits: Collection[str]) -> None:
        self._rate_limits = rate_limits
        self.problems: list[str] = []

    def type_of(self, node: Node, names: Mapping[str, str]) -> str:
        match node:
            case Literal(value):
                return _LITERALS[type(value)]
            case Name(name):
                return self._name(name, names)
            case Select(operand, field):
                return self._select(operand, field, names)
            case Has(operand, field):
                self._select(operand, field, names)
                return "bool"
            case Index(operand, index):
                return self._index(operand, index, names)
            case ListOf(items):
                self._types(items, names)
                return "list"
            case MapOf(entries):
                self._types([part for entry in entries for part in entry], names)
                return "map"
            case Not(operand):
                return self._one("!_", self.type_of(operand, names), ("bool",))
            case Negate(operand):
                return self._one("-_", self.type_of(operand, names), ("int", "double", DURATION))
            case And(operands):
                return self._logic("_&&_", operands, names)
            case Or(operands):
                return self._logic("_||_", operands, names)
            case _:
                return self._compound(node, names)

    def _compound(self, node: Node, names: Mapping[str, str]) -> str:
        match node:
            case Binary():
                return self._binary(node, names)
            case Conditional():
                return self._conditional(node, names)
            case Call():
                return self._call(node, names)
            case Comprehension():
                return self._comprehension(node, names)
            case Bind(name, value, body):
                return self.type_of(body, {**names, name: self.type_of(value, names)})
            case Ref(source):
                self._name(source, names)
                return "list"
            case Limit():
                return self._limit(node, names)
        raise TypeError(f"not a node: {node!r}")

    def _types(self, nodes: Sequence[Node], names: Mapping[str, str]) -> list[str]:
        return [self.type_of(node, names) for node in nodes]

    def _name(self, name: str, names: Mapping[str, str]) -> str:
        if name in names:
            return names[name]
        if name in TYPES:
            return "type"
        self._undeclared(name)
        return "dyn"

    def _select(self, operand: Node, field: str, names: Mapping[str, str]) -> str:
        if isinstance(operand, Select) and operand.operand == Name("google"):
            return "type"
        of = self.type_of(operand, names)
        if of == "request":
            if field not in _REQUEST:
                self.problems.append(f"undefined field '{field}'")
            return _REQUEST.get(field, "dyn")
        if of not in ("map", "dyn"):
            self.problems.append(f"type '{_shown(of)}' does not support field selection")
        return "dyn"

    def _index(self, operand: Node, index: Node, names: Mapping[str, str]) -> str:
        of, at = self._types((operand, index), names)
        fits_list = of == "list" and at in ("int", "dyn", "uint", "double")
        if of not in ("map", "dyn") and not fits_list:
            self._no_overload("_[_]", (of, at), "(list(%A), int),(map(%A, %B), %A)")
        return "dyn"

    def _one(self, function: str, of: str, allowed: tuple[str, ...]) -> str:
        if of not in (*allowed, "dyn"):
            self._no_overload(function, (of,), ",".join(f"({_shown(one)})" for one in allowed))
        return of if len(allowed) > 1 else allowed[0]

    def _logic(self, function: str, operands: Sequence[Node], names: Mapping[str, str]) -> str:
        for operand in operands:
            of = self.type_of(operand, names)
            if of not in ("bool", "dyn"):
                self._no_overload(function, (of, "bool"), "(bool, bool)")
        return "bool"

    def _binary(self, node: Binary, names: Mapping[str, str]) -> str:
        left, right = self._types((node.left, node.right), names)
        match node.operator:
            case "==" | "!=":
                if not _comparable(left, right):
                    self._no_overload(f"_{node.operator}_", (left, right), "(%A, %A)")
                return "bool"
            case "<" | "<=" | ">" | ">=":
                both = {left, right} - {"dyn"}
                if not _comparable(left, right) or not both <= set(_ORDERED):
                    candidates = ",".join(f"({one}, {one})" for one in _ORDERED)
                    self._no_overload(f"_{node.operator}_", (left, right), candidates)
                return "bool"
            case "in":
                return self._chosen("@in", OPERATORS["in"], (left, right))
            case operator:
                return self._chosen(f"_{operator}_", OPERATORS[operator], (left, right))

    def _conditional(self, node: Conditional, names: Mapping[str, str]) -> str:
        parts = (node.condition, node.then, node.otherwise)
        condition, then, otherwise = self._types(parts, names)
        if condition not in ("bool", "dyn"):
            types = (condition, then, otherwise)
            self._no_overload("_?_:_", types, "(bool, %A, %A)")
        return then if then == otherwise else "dyn"

    def _call(self, node: Call, names: Mapping[str, str]) -> str:
        if node.function == "ref" and node.target == Name("auth"):
            self.problems.append(_NO_REF)
            return "list"
        nodes = node.arguments if node.target is None else (node.target, *node.arguments)
        types = self._types(nodes, names)
        is_method = node.target is not None
        known = METHOD_SIGNATURES if is_method else GLOBAL_SIGNATURES
        if node.function in known:
            return self._chosen(node.function, known[node.function], types, is_method=is_method)
        if node.function in UNSIGNED and find(node.function, is_method, len(node.arguments)):
            return "dyn"
        self._undeclared(node.function)
        return "dyn"

    def _chosen(
        self,
        function: str,
        overloads: Sequence[Overload],
        types: Sequence[str],
        *,
        is_method: bool = False,
    ) -> str:
        fitting = [one.makes for one in overloads if _fits(one.takes, types)]
        if not fitting:
            candidates = ",".join(_signature(one.takes, is_method) for one in overloads)
            self._no_overload(function, types, candidates, is_method=is_method)
            return "dyn"
        return fitting[0] if len(set(fitting)) == 1 else "dyn"

    def _comprehension(self, node: Comprehension, names: Mapping[str, str]) -> str:
        ranged = self.type_of(node.range, names)
        if ranged not in ("list", "map", "dyn"):
            message = f"expression of type '{_shown(ranged)}' cannot be range of a comprehension"
            self.problems.append(f"{message} (must be list, map, or dynamic)")
        inner = {**names, node.variable: "dyn"}
        if node.condition is not None:
            condition = self.type_of(node.condition, inner)
            if condition not in ("bool", "dyn"):
                self._no_overload(node.macro, (condition,), "(bool)")
        if node.result is not None:
            self.type_of(node.result, inner)
        return "list" if node.macro in ("filter", "map") else "bool"

    def _limit(self, node: Limit, names: Mapping[str, str]) -> str:
        self.type_of(node.key, names)
        if node.tokens is not None:
            self._one("limit", self.type_of(node.tokens, names), ("int",))
        if node.bucket not in self._rate_limits:
            self.problems.append(
                f"`{node.bucket}` is not a valid rate limit config."
                " It should be defined in the `$rateLimits` key."
            )
        return "bool"

    def _undeclared(self, name: str) -> None:
        self.problems.append(f"undeclared reference to '{name}' (in container '')")

    def _no_overload(
        self, function: str, types: Sequence[str], candidates: str, *, is_method: bool = False
    ) -> None:
        applied = _signature(types, is_method)
        self.problems.append(
            f"found no matching overload for '{function}' applied to '{applied}'"
            f" (candidates: {candidates})"
        )


def _comparable(left: str, right: str) -> bool:
    both = {left, right}
    if left == right or "dyn" in both or both <= set(NUMBERS):
        return True
    return "null" in both and not both & set(_NEVER_NULL)


def _fits(takes: Sequence[str], types: Sequence[str]) -> bool:
    pairs = zip(takes, types, strict=False)
    return len(takes) == len(types) and all(
        one == other or "dyn" in (one, other) for one, other in pairs
    )


def _signature(types: Sequence[str], is_method: bool) -> str:
    shown = [_shown(one) for one in types]
    if is_method:
        return f"{shown[0]}.({', '.join(shown[1:])})"
    return f"({', '.join(shown)})"


def _shown(name: str) -> str:
    return _SHOWN.get(name, name)
