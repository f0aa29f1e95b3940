"""Random rules, and a small world for them to judge: todos with owners and labels, and users.

Rules are trees, made from types down so that most of them mean something. With `agreed` they stay
where cel-python's semantics are Instant's; without, they also compare what has no common type,
reach for what is not there, and meet nulls. Whoever compiles rules can be held against whoever
evaluates them: `World` has the rows, the links and the values of refs.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from typing import Literal as OneOf

from triples.permissions.scope import Bindings, RefKey
from triples.permissions.tree import (
    And,
    Binary,
    Bind,
    Call,
    Comprehension,
    Conditional,
    Has,
    Index,
    ListOf,
    Literal,
    Macro,
    Name,
    Negate,
    Node,
    Not,
    Operator,
    Or,
    Ref,
    Select,
    free_names,
)
from triples.permissions.values import RefValues

Kind = OneOf["bool", "int", "double", "string", "strings", "ints"]

STRINGS: Final = ("", "a", "b", "ab", "Ann", "boss", "ann@b.c", "ñ😀", "a%_b", "10")
INTS: Final = (-3, -1, 0, 1, 2, 3, 10, 2**53, 2**63 - 1, -(2**63))
DOUBLES: Final = (-1.5, 0.0, 0.5, 1.0, 2.5, 1e20)
PATTERNS: Final = ("a", "^a", "b$", "^[a-z]+$", "n.b", "(a|b)+")
MAX_DEPTH: Final = 4

REF_PATHS: Final = (("owner", "email"), ("owner", "id"), ("labels", "name"))
AUTH_PATHS: Final = (("todos", "title"), ("todos", "id"))


@dataclass(frozen=True, slots=True)
class World:
    """What rules are asked about.

    - `users`, `todos`: entities as rules see them, by id.
    - `owners`: a todo's user; `labels`: the names of a todo's labels.
    - `refs`: the values of every path that generated rules go, from every entity.
    """

    users: dict[str, dict[str, Any]]
    todos: dict[str, dict[str, Any]]
    owners: dict[str, str | None]
    labels: dict[str, list[str]]

    @property
    def refs(self) -> dict[RefKey, RefValues]:
        """By etype, entity and path."""
        found: dict[RefKey, RefValues] = {}
        for todo in self.todos:
            owner = self.owners[todo]
            owners = [] if owner is None else [self.users[owner]]
            found["todos", todo, ("owner", "email")] = RefValues(one["email"] for one in owners)
            found["todos", todo, ("owner", "id")] = RefValues(one["id"] for one in owners)
            found["todos", todo, ("labels", "name")] = RefValues(self.labels[todo])
        for user in self.users:
            own = [todo for todo, owner in self.owners.items() if owner == user]
            titles = [self.todos[todo]["title"] for todo in own if "title" in self.todos[todo]]
            found["$users", user, ("todos", "title")] = RefValues(titles)
            found["$users", user, ("todos", "id")] = RefValues(own)
        return found

    def bindings(self, todo: str, user: str | None) -> Bindings:
        """What a rule about a todo sees when this user, or nobody, asks."""
        auth = {} if user is None else self.users[user]
        return Bindings("todos", self.todos[todo], auth, {"secret": "ab"})


def make_world(rng: random.Random, *, agreed: bool, todos: int = 4) -> World:
    """Two users and some todos. `agreed` gives every todo every value, and none is null."""
    users = {
        user: {"id": user, "email": email, "role": rng.choice(STRINGS)}
        for user, email in ((_id(rng), "ann@b.c"), (_id(rng), "bob@b.c"))
    }
    made = {
        todo: _todo(rng, todo, list(users), agreed) for todo in (_id(rng) for _ in range(todos))
    }
    return World(
        users=users,
        todos=made,
        owners={todo: rng.choice([*users, None]) for todo in made},
        labels={todo: rng.sample(["a", "b", "ab"], rng.randrange(4)) for todo in made},
    )


def _todo(rng: random.Random, todo: str, users: Sequence[str], agreed: bool) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "title": rng.choice(STRINGS),
        "count": rng.choice(INTS[:7]),
        "ratio": rng.choice((-1.5, 0.5, 2.5)),
        "done": rng.choice((True, False)),
        "ownerId": rng.choice(users),
        "tags": rng.sample(STRINGS, rng.randrange(4)),
        "sizes": rng.choices(INTS[:6], k=rng.randrange(3)),
    }
    if not agreed:
        for label in list(entity):
            match rng.randrange(8):
                case 0:
                    entity[label] = None
                case 1:
                    del entity[label]
                case 2:
                    entity[label] = rng.choice((*STRINGS, *INTS[:6], True, 0.5, ["a"]))
    return {"id": todo, **entity}


def _id(rng: random.Random) -> str:
    bits = f"{rng.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-8{bits[17:20]}-{bits[20:]}"


class RuleMaker:
    """Makes rules from a source of chance."""

    def __init__(self, rng: random.Random, *, agreed: bool) -> None:
        self._rng = rng
        self._agreed = agreed
        self._variables: list[tuple[str, Kind]] = []
        self._made = 0

    def rule(self) -> Node:
        """A rule for todos; mostly a bool, as rules are."""
        if not self._agreed and self._rng.randrange(10) == 0:
            return self.make(self._rng.choice(("int", "string", "strings")), 0)
        return self.make("bool", 0)

    def make(self, kind: Kind, depth: int) -> Node:
        """An expression of a kind."""
        if not self._agreed and self._rng.randrange(25) == 0:
            return self._astray()
        known = [name for name, of in self._variables if of == kind]
        if known and self._rng.randrange(2):
            return Name(self._rng.choice(known))
        if depth >= MAX_DEPTH or self._rng.randrange(4) == 0:
            return self._leaf(kind)
        if self._rng.randrange(8) == 0:
            return Conditional(
                self.make("bool", depth + 1), self.make(kind, depth + 1), self.make(kind, depth + 1)
            )
        match kind:
            case "bool":
                return self._bool(depth + 1)
            case "int":
                return self._int(depth + 1)
            case "double":
                return self._double(depth + 1)
            case "string":
                return self._string(depth + 1)
            case "strings":
                return self._list("string", "tags", depth + 1)
            case "ints":
                return self._list("int", "sizes", depth + 1)

    def _leaf(self, kind: Kind) -> Node:
        rng = self._rng
        match kind:
            case "bool":
                return rng.choice((Literal(True), Literal(False), _data("done")))
            case "int":
                return rng.choice((Literal(rng.choice(INTS)), _data("count"), _data("count")))
            case "double":
                return rng.choice((Literal(rng.choice(DOUBLES)), _data("ratio")))
            case "string":
                auth = [Select(Name("auth"), field) for field in ("id", "email", "role")]
                own = [_data("title"), _data("ownerId"), Select(Name("ruleParams"), "secret")]
                return rng.choice((Literal(rng.choice(STRINGS)), *auth, *own))
            case "strings":
                literal = ListOf(tuple(Literal(one) for one in rng.sample(STRINGS, 2)))
                return rng.choice((_data("tags"), literal, self._ref()))
            case "ints":
                literal = ListOf(tuple(Literal(one) for one in rng.sample(INTS, 2)))
                return rng.choice((_data("sizes"), literal))

    def _ref(self) -> Node:
        if self._rng.randrange(4) == 0:
            return Ref("auth", self._rng.choice(AUTH_PATHS))
        return Ref("data", self._rng.choice(REF_PATHS))

    def _bool(self, depth: int) -> Node:
        rng = self._rng
        match rng.randrange(12):
            case 0 | 1:
                return And(tuple(self.make("bool", depth) for _ in range(rng.randint(2, 3))))
            case 2 | 3:
                return Or(tuple(self.make("bool", depth) for _ in range(rng.randint(2, 3))))
            case 4:
                return Not(self.make("bool", depth))
            case 5 | 6:
                kind: Kind = rng.choice(("string", "string", "int", "double", "bool"))
                equal: Operator = rng.choice(("==", "!="))
                return Binary(equal, self.make(kind, depth), self.make(kind, depth))
            case 7:
                ordered: Kind = rng.choice(("string", "int", "double"))
                less: Operator = rng.choice(("<", "<=", ">", ">="))
                return Binary(less, self.make(ordered, depth), self.make(ordered, depth))
            case 8:
                items: Kind = rng.choice(("strings", "strings", "ints"))
                one: Kind = "string" if items == "strings" else "int"
                return Binary("in", self.make(one, depth), self.make(items, depth))
            case 9:
                return self._text_question(depth)
            case 10:
                return self._macro(depth)
            case _:
                return Has(Name("data"), rng.choice(("title", "count", "done")))

    def _text_question(self, depth: int) -> Node:
        function = self._rng.choice(("contains", "startsWith", "endsWith", "matches"))
        # cel-python cannot ask a string that was put together whether it contains another.
        text = self._leaf("string") if self._agreed else self.make("string", depth)
        if function == "matches":
            return Call(function, text, (Literal(self._rng.choice(PATTERNS)),))
        return Call(function, text, (self.make("string", depth),))

    def _macro(self, depth: int) -> Node:
        kind: Kind = self._rng.choice(("string", "string", "int"))
        ranged = self.make("strings" if kind == "string" else "ints", depth)
        variable = self._variable(kind)
        macro: Macro = self._rng.choice(("all", "exists", "exists_one"))
        condition = self._body("bool", kind, depth, macro)
        self._variables.pop()
        return Comprehension(macro, ranged, variable, condition, None)

    def _variable(self, kind: Kind) -> str:
        self._made += 1
        name = f"v{self._made}"
        self._variables.append((name, kind))
        return name

    def _int(self, depth: int) -> Node:
        rng = self._rng
        match rng.randrange(5):
            case 0:
                sized: Kind = rng.choice(("string", "strings", "ints"))
                return Call("size", None, (self.make(sized, depth),))
            case 1:
                return Negate(self.make("int", depth))
            case 2:
                return Index(self.make("ints", depth), self._position())
            case _:
                operator: Operator = rng.choice(("+", "-", "*", "/", "%"))
                return Binary(operator, self.make("int", depth), self.make("int", depth))

    def _position(self) -> Node:
        """A list position; cel-python counts negative ones from the end."""
        return Literal(self._rng.randrange(3)) if self._agreed else self.make("int", MAX_DEPTH)

    def _double(self, depth: int) -> Node:
        if self._rng.randrange(3) == 0:
            return Call("double", None, (self.make("int", depth),))
        operator: Operator = self._rng.choice(("+", "-", "*"))
        return Binary(operator, self.make("double", depth), self.make("double", depth))

    def _string(self, depth: int) -> Node:
        match self._rng.randrange(4):
            case 0:
                return Call("string", None, (self.make("int", depth),))
            case 1:
                return Index(self.make("strings", depth), self._position())
            case 2 if not self._agreed:
                variable, value = self._variable("string"), self.make("string", depth)
                body = self.make("string", depth)
                self._variables.pop()
                return Bind(variable, _without(variable, value), body)
            case _:
                return Binary("+", self.make("string", depth), self.make("string", depth))

    def _list(self, kind: Kind, label: str, depth: int) -> Node:
        many: Kind = "strings" if kind == "string" else "ints"
        ranged = self.make(many, depth)
        if self._rng.randrange(3) == 0:
            return Binary("+", ranged, self.make(many, depth))
        variable = self._variable(kind)
        macro: Macro = self._rng.choice(("filter", "map"))
        inner = self._body("bool" if macro == "filter" else kind, kind, depth, macro)
        self._variables.pop()
        if macro == "filter":
            return Comprehension(macro, ranged, variable, inner, None)
        return Comprehension(macro, ranged, variable, None, inner)

    def _body(self, kind: Kind, element: Kind, depth: int, macro: Macro) -> Node:
        """What a macro evaluates for each element.

        In cel-python a failure inside a macro that does not absorb it ends the whole evaluation.
        """
        if not self._agreed or macro in ("all", "exists"):
            return self.make(kind, depth)
        if kind == "bool":
            operator: Operator = self._rng.choice(("==", "!=", "<", ">="))
            return Binary(operator, self.make(element, MAX_DEPTH), self._leaf(element))
        return self.make(kind, MAX_DEPTH)

    def _astray(self) -> Node:
        """What may be of any type, or of none."""
        anything: list[Node] = [
            Literal(None),
            _data("missing"),
            _data("title"),
            _data("count"),
            _data("tags"),
            Literal(1),
            Literal(0.5),
            Literal("a"),
            Select(Name("auth"), "missing"),
            Select(_data("missing"), "deeper"),
            ListOf((Literal(1), Literal("a"))),
        ]
        return self._rng.choice(anything)


def _data(label: str) -> Node:
    return Select(Name("data"), label)


def _without(variable: str, value: Node) -> Node:
    """The value, unless it uses the variable that is to stand for it."""
    return Literal("") if variable in free_names(value) else value
