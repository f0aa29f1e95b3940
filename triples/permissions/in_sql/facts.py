"""Facts: parts of a rule whose value is known before any row is looked at.

Literals, `auth.id`, `ruleParams` and `request` never change while a query is answered, so whatever
is made of them alone is a *fact*: it is computed once, and stands in the statement as a parameter.
A statement is compiled for the kinds of its facts, and serves every asking with the same kinds.

Facts are also all that tells askers apart: where no fact differs, no row is decided differently.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from triples.instaql.constants import NUL
from triples.instaql.shape import Constant
from triples.permissions.asking import Asking
from triples.permissions.tree import (
    And,
    Binary,
    Conditional,
    Index,
    ListOf,
    Literal,
    Name,
    Node,
    Not,
    Or,
    Select,
    children,
    nodes_of,
)
from wire import json
from wire.ids import parse_uuid

AUTH_ID: Final = Select(Name("auth"), "id")
REQUEST_TIME: Final = Select(Name("request"), "time")

Kind = Hashable
"""`null`, `true`, `false`, `int`, `double`, `uuid`, `string`, `unstorable`, `map`, `time`,
`failure`, or `list` with the kinds of its members."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A timestamp, in milliseconds since the epoch."""

    ms: int


class Failure(Exception):
    """The expression has no value: its evaluation fails."""


FAILED: Final = Failure()


def is_fact(node: Node) -> bool:
    """Whether the expression has the same value for every row."""
    if node in (AUTH_ID, REQUEST_TIME):
        return True
    match node:
        case Literal(value):
            return not isinstance(value, bytes)
        case Name("ruleParams"):
            return True
        case Select(Name("request"), field_name):
            return field_name in ("ip", "origin")
        case Select(operand):
            return is_fact(operand)
        case Index(operand, Literal(str())):
            return is_fact(operand)
        case ListOf() | And() | Or() | Not() | Conditional():
            return all(map(is_fact, children(node)))
        case Binary("==" | "!=" | "in"):
            return all(map(is_fact, children(node)))
        case _:
            return False


def value_of(node: Node, asking: Asking) -> Any:
    """The fact's value, or `FAILED`."""
    try:
        return _value(node, asking)
    except Failure:
        return FAILED


def kind_of(value: Any) -> Kind:
    """What a statement has to know of a fact's value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return "int"
        case float():
            return "double"
        case str() if NUL in value:
            return "unstorable"
        case str():
            return "uuid" if parse_uuid(value) == value else "string"
        case list():
            return ("list", frozenset(map(kind_of, value)))
        case dict():
            return "map"
        case Instant():
            return "time"
        case _:
            return "failure"


def trait_of(node: Node, asking: Asking) -> Hashable:
    """What the fact says of the asker: equal for two askers if it cannot tell them apart."""
    if REQUEST_TIME not in nodes_of(node):
        value = value_of(node, asking)
        kind = kind_of(value)
        return (node, kind, b"" if kind in ("failure", "unstorable") else json.canonical(value))
    asker = asking.asker
    return (node, None if node == REQUEST_TIME else (asker.user_id, asker.ip, asker.origin))


@dataclass(slots=True)
class Facts:
    """The facts that a statement's rules use, in the order of their slots.

    They stand behind a query's own constants: `first_slot` is how many of those there are. None
    is a slot of something else.
    """

    asking: Asking
    first_slot: int
    nodes: list[Node | None] = field(default_factory=list)

    def constant(self, node: Node) -> Constant:
        """The fact's slot, and its value for the asking that is compiled for."""
        if node not in self.nodes:
            self.nodes.append(node)
        slot = self.first_slot + self.nodes.index(node)
        return Constant(slot, value_of(node, self.asking))

    def reserve(self) -> int:
        """A slot for what is known only when the query is run."""
        self.nodes.append(None)
        return self.first_slot + len(self.nodes) - 1


def _value(node: Node, asking: Asking) -> Any:
    asker = asking.asker
    match node:
        case Literal(value):
            return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
        case Name("ruleParams"):
            return dict(asking.rule_params)
        case Select(Name("auth"), "id"):
            return asker.user_id
        case Select(Name("request"), "time"):
            return Instant(asking.time_ms)
        case Select(Name("request"), "ip"):
            return asker.ip
        case Select(Name("request"), "origin"):
            return asker.origin
        case Select(operand, field_name):
            return _field(_value(operand, asking), field_name)
        case Index(operand, Literal(str() as key)):
            return _field(_value(operand, asking), key)
        case ListOf(items):
            return [_value(item, asking) for item in items]
        case Not(operand):
            return not _bool(_value(operand, asking))
        case And(operands):
            return _connective(operands, asking, decisive=False)
        case Or(operands):
            return _connective(operands, asking, decisive=True)
        case Conditional(condition, then, otherwise):
            chosen = then if _bool(_value(condition, asking)) else otherwise
            return _value(chosen, asking)
        case Binary(operator, left, right):
            return _binary(operator, _value(left, asking), _value(right, asking))
        case _:
            raise TypeError("not a fact")


def _field(operand: Any, name: str) -> Any:
    if not isinstance(operand, dict):
        raise FAILED
    return operand.get(name)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FAILED
    return value


def _connective(operands: tuple[Node, ...], asking: Asking, *, decisive: bool) -> bool:
    """`&&` and `||`: one operand may decide, whatever fails beside it."""
    values = [value_of(operand, asking) for operand in operands]
    if any(value is decisive for value in values):
        return decisive
    if any(not isinstance(value, bool) for value in values):
        raise FAILED
    return not decisive


def _binary(operator: str, left: Any, right: Any) -> bool:
    match operator, right:
        case "==", _:
            return is_equal(left, right)
        case "!=", _:
            return not is_equal(left, right)
        case "in", list():
            return any(is_equal(left, item) for item in right)
        case "in", dict():
            return isinstance(left, str) and left in right
        case _:
            raise FAILED


def is_equal(left: Any, right: Any) -> bool:
    """CEL's `==`: numbers by value, a bool is no number, lists and maps by their members."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            is_equal(value, right[key]) for key, value in left.items()
        )
    return bool(left == right)
