"""The operands of a rule's tests: values of the entity, of the asker, and of lists, as SQL.

What has no place here raises `NotSql`. Whatever is read of rows is noted, for live queries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql.constants import NUL
from triples.instaql.dependencies import fixed
from triples.instaql.reads import Anything, ConditionRead, EntityRead, NamesRead, ReadOf
from triples.instaql.shape import Constant
from triples.permissions.in_sql import lists, values
from triples.permissions.in_sql.facts import (
    AUTH_ID,
    UNKNOWN,
    Facts,
    is_fact,
    is_storable,
    kind_of,
)
from triples.permissions.in_sql.formula import Maker
from triples.permissions.in_sql.lists import Members
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.in_sql.values import Value
from triples.permissions.tree import (
    Binary,
    Call,
    Comprehension,
    Index,
    Literal,
    Name,
    Node,
    Ref,
    Select,
)
from triples.sql.fragment import sql

MAX_KEYS: Final = 8  # `data.a.b.c` has three; the SQL of each stands in that of the next


@dataclass(frozen=True, slots=True)
class Ground:
    """What all rules of a statement are compiled on; aliases are numbered across the statement."""

    app_id: str
    catalog: AttrCatalog
    facts: Facts
    numbers: count[int]


@dataclass(slots=True)
class Operands:
    """Writes the values and lists of one rule about entities of `etype`."""

    ground: Ground
    etype: str
    reads: list[ReadOf] = field(default_factory=list)
    _variables: dict[str, Value] = field(default_factory=dict)

    def _members(self, node: Node) -> Members:
        if not isinstance(node, Ref):
            return lists.inside(self._simple(node))
        path = lists.path_of(self.ground.catalog, *self._start(node))
        for attr in (*(step.attr for step in path.steps), path.leaf):
            self.reads.append(fixed(ConditionRead(attr.id, Anything())))
        number = next(self.ground.numbers)
        return lists.at_end(self.ground.app_id, path, self._entity(node.source), number)

    def _value(self, node: Node) -> Value:
        if is_fact(node):
            return self._known(self._fact(node))
        match node:
            case Name(name) if name in self._variables:
                return self._variables[name]
            case Select(operand, key) | Index(operand, Literal(str() as key)):
                if isinstance(operand, Name) and operand.name in ("data", "auth"):
                    return self._field(operand.name, key)
                if NUL in key:
                    raise NotSql("no object holds a key with a null character")
                return values.member(self._simple(operand), key)
            case Call("size", None, (of,)) | Call("size", of, ()) if of is not None:
                if isinstance(of, Ref):
                    return lists.count(self._members(of))
                return values.size(self._simple(of))
            case Call("lowerAscii" | "upperAscii" as function, target, ()) if target:
                return values.in_case(self._simple(target), upper=function == "upperAscii")
            case _:
                raise NotSql(why_not(node))

    def _simple(self, node: Node) -> Value:
        """A value whose SQL may be written several times, or it would double with every level."""
        depth = 0
        at = node
        while isinstance(at, Select | Index):
            at, depth = at.operand, depth + 1
        if depth > MAX_KEYS or isinstance(at, Call):
            raise NotSql("its values are nested too deep")
        return self._value(node)

    def _known(self, constant: Constant) -> Value:
        kind = kind_of(constant.value)
        if not is_storable(kind):
            raise NotSql("it computes with a time, or with what JSON cannot hold")
        return values.given(constant)

    def _field(self, source: str, label: str) -> Value:
        etype = self.etype if source == "data" else "$users"
        attr = self.ground.catalog.forward(etype, label)
        if source == "auth" and label in ("isGuest", "app_id", "created_at"):
            return self._derived(label)
        if attr is None or not attr.cardinality_one or self._is_signed_out(source):
            if attr is None:
                self.reads.append(fixed(NamesRead()))
            return self._known(self._fact(Literal(None)))
        if attr.label == "id":
            return values.id_of(self._entity(source))
        return self._stored(source, attr)

    def _derived(self, label: str) -> Value:
        """What is known of the asker besides the columns of their row."""
        if self._is_signed_out("auth"):
            return self._known(self._fact(Literal(None)))
        type_attr = self.ground.catalog.forward("$users", "type")
        if label != "isGuest" or type_attr is None:
            raise NotSql(f"auth.{label} is not a column")
        return values.is_guest(self._stored("auth", type_attr))

    def _stored(self, source: str, attr: Attr) -> Value:
        if source == "data":
            self.reads.append(fixed(ConditionRead(attr.id, Anything())))
        else:
            slot, attr_id = self._fact(AUTH_ID).slot, attr.id
            self.reads.append(lambda constants: EntityRead(constants[slot], frozenset((attr_id,))))
        alias = f"own_{next(self.ground.numbers)}"
        return values.stored(self.ground.app_id, attr, self._entity(source), alias)

    def _own_attr(self, node: Node) -> Attr | None:
        """The attr behind `data.label`, if entities have one value of it."""
        match node:
            case Select(Name("data"), label) | Index(Name("data"), Literal(str() as label)):
                attr = self.ground.catalog.forward(self.etype, label)
                return attr if attr is not None and attr.cardinality_one else None
        return None

    def _entity(self, source: str) -> Maker:
        if source == "data":
            return lambda row: sql(row)
        if source != "auth":
            raise NotSql(f"{source} has no place in a rule about what may be seen")
        user = self._fact(AUTH_ID)
        parameter = values.id_parameter(user)
        return lambda row: parameter

    def _start(self, ref: Ref) -> tuple[str, tuple[str, ...]]:
        """The etype that a ref's path starts on, and its labels."""
        return (self.etype if ref.source == "data" else "$users"), ref.path

    def _is_signed_out(self, source: str) -> bool:
        return source == "auth" and self._fact(AUTH_ID).value is None

    def _fact(self, node: Node) -> Constant:
        constant = self.ground.facts.constant(node)
        if constant.value is UNKNOWN:
            raise NotSql("what is known beforehand takes too long to compute")
        return constant


def why_not(node: Node) -> str:
    """What of the expression SQL does not say here, for people."""
    match node:
        case Call(function):
            return f"{function}() is not written in SQL"
        case Comprehension(macro):
            return f"{macro}() is not written in SQL here"
        case Binary(operator):
            return f"{operator} is not written in SQL"
        case Name(name):
            return f"{name} as a whole is not written in SQL"
        case _:
            return f"{type(node).__name__} is not written in SQL here"
