"""A permission rule's expression as a tree; both compilers, to SQL and to Python, start from it.

The tree is CEL with macros kept as macros, and with what is Instant's own made visible: `Ref` for
`data.ref('…')`, `Limit` for `rateLimit.x.limit(…)`, `Bind` for a rule's binds and `cel.bind`.
Nodes are values without positions. What they mean is transactions-permissions.md §13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

Operator = OneOf["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"]
Macro = OneOf["all", "exists", "exists_one", "filter", "map"]
RefSource = OneOf["data", "linkedData", "auth"]


class Uint(int):
    """An unsigned integer, `1u`; another type than `int`, of the same numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A constant: null, bool, int, `Uint`, float, str or bytes; `true` and `1` are not equal."""

    value: bool | int | float | str | bytes | None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Literal)
            and type(self.value) is type(other.value)
            and self.value == other.value
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Name:
    """A variable: `data`, `auth`, a macro's variable or the name of a bind."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`."""

    operand: Node
    field: str


@dataclass(frozen=True, slots=True)
class Has:
    """`has(operand.field)`."""

    operand: Node
    field: str


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[index]`, of a list or a map."""

    operand: Node
    index: Node


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{key: value}`."""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`!operand`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Negate:
    """`-operand`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """`a && b && …`, two operands or more: false if any is false, else failing if any fails."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """`a || b || …`, two operands or more: true if any is true, else failing if any fails."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`, of the operators that need both operands."""

    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? then : otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Call:
    """`function(…)`, or `target.function(…)`.

    Functions of a namespace carry it in their name and have no target: `math.greatest`.
    """

    function: str
    target: Node | None
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`range.all(variable, condition)` and its relatives; the range is a list or a map's keys.

    `map` has a `result`, and a condition only in its form with three arguments; the others have
    a condition and no result.
    """

    macro: Macro
    range: Node
    variable: str
    condition: Node | None
    result: Node | None


@dataclass(frozen=True, slots=True)
class Bind:
    """`name` stands for `value` within `body`; it is evaluated when first needed, and once."""

    name: str
    value: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Ref:
    """The values at the end of a path of links (§13.4): `data.ref('team.members.id')`.

    `path` has the labels, the last of them a property; for `auth` it starts on `$users`, behind
    the `$user.` that is written in front of it.
    """

    source: RefSource
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`rateLimit.bucket.limit(key, tokens)` (§16); without `tokens`, one."""

    bucket: str
    key: Node
    tokens: Node | None


Node = (
    Literal
    | Name
    | Select
    | Has
    | Index
    | ListOf
    | MapOf
    | Not
    | Negate
    | And
    | Or
    | Binary
    | Conditional
    | Call
    | Comprehension
    | Bind
    | Ref
    | Limit
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order in which they are written."""
    match node:
        case Literal() | Name() | Ref():
            return ()
        case Select(operand) | Has(operand) | Not(operand) | Negate(operand):
            return (operand,)
        case Index(operand, index):
            return (operand, index)
        case ListOf(nodes) | And(nodes) | Or(nodes):
            return nodes
        case MapOf(entries):
            return tuple(node for entry in entries for node in entry)
        case Binary(_, left, right):
            return (left, right)
        case Conditional(condition, then, otherwise):
            return (condition, then, otherwise)
        case Call(_, target, arguments):
            return arguments if target is None else (target, *arguments)
        case Comprehension():
            parts = (node.range, node.condition, node.result)
            return tuple(part for part in parts if part is not None)
        case Bind(_, value, body):
            return (value, body)
        case Limit(_, key, tokens):
            return (key,) if tokens is None else (key, tokens)


def nodes_of(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


def free_names(node: Node) -> frozenset[str]:
    """The variables that the expression takes from outside, `Ref` and `Limit` included."""
    match node:
        case Name(name):
            return frozenset((name,))
        case Ref(source):
            return frozenset((source,))
        case Bind(name, value, body):
            return free_names(value) | (free_names(body) - {name})
        case Comprehension(range=ranged, variable=variable):
            inner = [part for part in (node.condition, node.result) if part is not None]
            own = frozenset[str]().union(*(free_names(part) for part in inner)) - {variable}
            return free_names(ranged) | own
        case _:
            below = frozenset[str]().union(*(free_names(child) for child in children(node)))
            return below | {"rateLimit"} if isinstance(node, Limit) else below
