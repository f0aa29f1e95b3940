"""Facts: parts of a rule whose value is known before any row is looked at.

Literals, `auth.id`, `ruleParams` and `request` never change while a query is answered, so whatever
is made of them alone is a *fact*: it is computed once, by the rule's own closures, and stands in
the statement as a parameter. A statement is compiled for the kinds of its facts, and serves every
question with the same kinds.

Facts are also all that tells askers apart: where no fact differs, no row is decided differently.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from triples.instaql.constants import NUL
from triples.instaql.shape import Constant
from triples.permissions.asking import Asking
from triples.permissions.closures import Compiled, compile_expression
from triples.permissions.evaluate import LOOP_STEPS
from triples.permissions.failures import EvaluationFailed, Interrupted
from triples.permissions.scope import Bindings, Scope
from triples.permissions.tree import (
    Limit,
    Name,
    Node,
    Ref,
    Select,
    children,
    free_names,
    nodes_of,
)
from triples.permissions.values import Request, Timestamp
from wire import json
from wire.ids import parse_uuid

AUTH_ID: Final = Select(Name("auth"), "id")
REQUEST_TIME: Final = Select(Name("request"), "time")
MAX_FACTS: Final = 20_000  # closures of facts that are kept; one takes some kilobytes

Kind = Hashable
"""`null`, `true`, `false`, `int`, `double`, `uuid`, `string`, `unstorable`, `map`, `time`,
`failure`, `other`, or `list` with the kinds of its members."""

_KNOWN_NAMES: Final = frozenset(("auth", "ruleParams", "request"))
_STORABLE: Final = frozenset(("null", "true", "false", "int", "double", "uuid", "string", "map"))


class _Without:
    """What stands in for the value of a fact that has none."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


FAILED: Final = _Without("failure")
UNKNOWN: Final = _Without("other")


def is_fact(node: Node) -> bool:
    """Whether the expression has the same value for every row."""
    return free_names(node) <= _KNOWN_NAMES and _has_only_facts(node)


def value_of(node: Node, asking: Asking) -> Any:
    """The fact's value; `FAILED` if its evaluation fails, `UNKNOWN` if it takes too long."""
    compiled = _compiled(node)
    scope = Scope(_bindings(asking), {}, {}, [None] * compiled.slots, LOOP_STEPS)
    try:
        return compiled.run(scope)
    except EvaluationFailed:
        return FAILED
    except (Interrupted, RecursionError):
        return UNKNOWN


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
            return "double" if math.isfinite(value) else "other"
        case str() if NUL in value:
            return "unstorable"
        case str():
            return "uuid" if parse_uuid(value) == value else "string"
        case list():
            return ("list", frozenset(map(kind_of, value)))
        case dict():
            return "map"
        case Timestamp():
            return "time"
        case _Without():
            return value.kind
        case _:
            return "other"


def is_storable(kind: Kind) -> bool:
    """Whether a value of the kind can stand in a statement as JSON."""
    return kind in _STORABLE or (isinstance(kind, tuple) and all(map(is_storable, kind[1])))


def trait_of(node: Node, asking: Asking) -> Hashable:
    """What the fact says of the asker: equal for two askers if it cannot tell them apart."""
    if REQUEST_TIME in nodes_of(node):
        asker = asking.asker
        return (node, None if node == REQUEST_TIME else (asker.user_id, asker.ip, asker.origin))
    value = value_of(node, asking)
    kind = kind_of(value)
    return (node, kind, json.canonical(value) if is_storable(kind) else repr(value))


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
        """The fact's slot, and its value for the question that is compiled for."""
        if node not in self.nodes:
            self.nodes.append(node)
        slot = self.first_slot + self.nodes.index(node)
        return Constant(slot, value_of(node, self.asking))

    def reserve(self) -> int:
        """A slot for what is known only when the query is run."""
        self.nodes.append(None)
        return self.first_slot + len(self.nodes) - 1


@lru_cache(MAX_FACTS)
def _compiled(node: Node) -> Compiled:
    return compile_expression(node)


def _bindings(asking: Asking) -> Bindings:
    asker = asking.asker
    return Bindings(
        etype="",
        data={},
        auth={} if asker.user_id is None else {"id": asker.user_id},
        rule_params=dict(asking.rule_params),
        request=Request(time=Timestamp(asking.time_ns), ip=asker.ip, origin=asker.origin),
    )


def _has_only_facts(node: Node) -> bool:
    """Whether nothing below is looked up: of `auth`, only the id is known beforehand."""
    if node == AUTH_ID:
        return True
    if node == Name("auth") or isinstance(node, Ref | Limit):
        return False
    return all(map(_has_only_facts, children(node)))
