"""From a rule's text to its tree.

The grammar is cel-python's; what its parse tree means is decided here: macros, Instant's own calls,
literals. Text and nesting are bounded, because rules come from clients. A parse takes some 12 µs a
character, so trees are kept, and long texts are not parsed on the event loop (`rules`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, cast

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree, UnexpectedToken

from triples.permissions import literals
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
    Macro,
    MapOf,
    Name,
    Negate,
    Node,
    Not,
    Operator,
    Or,
    Ref,
    RefSource,
    Select,
)

MAX_CHARACTERS: Final = 20_000
MAX_DEPTH: Final = 60  # a level costs closures and SQL some Python frames each
MAX_TREES: Final = 20_000

VARIABLES: Final = frozenset(
    ("data", "newData", "auth", "ruleParams", "request", "rateLimit", "linkedData", "actions")
)
"""The names that rules of some action have; no bind or macro variable may hide one."""
NAMESPACES: Final = frozenset(("math",))
"""What stands before a function's name without being a value."""
AUTH_REF_PREFIX: Final = "$user."

_MACROS: Final = frozenset(("all", "exists", "exists_one", "filter", "map"))
_OPERATORS: Final[dict[str, Operator]] = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}


class RuleUnreadable(ValueError):
    """The text is no CEL expression; the message says where it fails."""


@lru_cache(MAX_TREES)
def parse(text: str) -> Node:
    """The expression's tree; raises `RuleUnreadable`."""
    if len(text) > MAX_CHARACTERS:
        raise RuleUnreadable(f"the expression has more than {MAX_CHARACTERS} characters")
    try:
        parsed = CELParser().parse(text)
    except CELParseError as error:
        raise RuleUnreadable(_syntax_error(text, error)) from error
    try:
        return _expr(parsed, 0)
    except literals.LiteralUnreadable as error:
        raise RuleUnreadable(str(error)) from error


def _syntax_error(text: str, error: CELParseError) -> str:
    cause = error.__context__
    lines = text.split("\n")
    ends = isinstance(cause, UnexpectedToken) and cause.token.type == "$END"
    if ends or error.line is None or error.column is None:
        return "Syntax error: the expression ends too early"
    found = lines[error.line - 1][error.column - 1 :].split()[0][:40]
    return f"Syntax error: unexpected '{found}' at line {error.line}, column {error.column}"


def _expr(tree: Tree[Token], depth: int) -> Node:
    """Any expression; steps over the grammar's levels that hold nothing but the next one."""
    if depth >= MAX_DEPTH:
        raise RuleUnreadable(f"the expression is nested more than {MAX_DEPTH} levels deep")
    while True:
        parts = tree.children
        if len(parts) == 1 and isinstance(parts[0], Tree) and tree.data in _PASSING:
            tree = parts[0]
            continue
        return _NODES[tree.data](tree, depth + 1)


def _conditional(tree: Tree[Token], depth: int) -> Node:
    condition, then, otherwise = (_expr(part, depth) for part in _trees(tree))
    return Conditional(condition, then, otherwise)


def _or(tree: Tree[Token], depth: int) -> Node:
    return Or(tuple(_expr(part, depth) for part in _chain(tree, "conditionalor")))


def _and(tree: Tree[Token], depth: int) -> Node:
    return And(tuple(_expr(part, depth) for part in _chain(tree, "conditionaland")))


def _chain(tree: Tree[Token], name: str) -> list[Tree[Token]]:
    """The operands of a left-recursive chain, brackets around its beginning ignored."""
    operands: list[Tree[Token]] = []
    while tree.data == name and len(tree.children) == 2:
        tree, last = _trees(tree)
        operands.append(last)
    return [tree, *reversed(operands)]


def _binary(tree: Tree[Token], depth: int) -> Node:
    left, right = _trees(tree)
    return Binary(_OPERATORS[left.data], _expr(_trees(left)[0], depth), _expr(right, depth))


def _unary(tree: Tree[Token], depth: int) -> Node:
    sign, operand_tree = _trees(tree)
    operand = _expr(operand_tree, depth)
    if sign.data == "unary_not":
        return Not(operand)
    if isinstance(operand, Literal) and type(operand.value) in (int, float):
        negated = -cast(float, operand.value)
        if negated <= literals.INT_MAX:
            return Literal(negated)
    return Negate(operand)


def _select(tree: Tree[Token], depth: int) -> Node:
    operand, field = tree.children
    return Select(_expr(cast(Tree[Token], operand), depth), str(field))


def _index(tree: Tree[Token], depth: int) -> Node:
    operand, index = _trees(tree)
    return Index(_expr(operand, depth), _expr(index, depth))


def _message(tree: Tree[Token], depth: int) -> Node:
    raise RuleUnreadable("Syntax error: unexpected '{': rules have no message types")


def _method(tree: Tree[Token], depth: int) -> Node:
    target_tree, name, *rest = tree.children
    target = _expr(cast(Tree[Token], target_tree), depth)
    arguments = _arguments(rest, depth)
    function = str(name)
    if function in _MACROS and len(arguments) in (2, 3):
        return _comprehension(cast(Macro, function), target, arguments)
    if isinstance(target, Name) and target.name == "cel" and function == "bind":
        return _bind(arguments)
    if isinstance(target, Name) and target.name in NAMESPACES:
        return Call(f"{target.name}.{function}", None, arguments)
    if function == "ref" and (ref := _ref(target, arguments)) is not None:
        return ref
    if function == "limit" and (limit := _limit(target, arguments)) is not None:
        return limit
    return Call(function, target, arguments)


def _comprehension(macro: Macro, target: Node, arguments: tuple[Node, ...]) -> Node:
    variable, *rest = arguments
    if len(rest) == 2 and macro != "map":
        return Call(macro, target, arguments)
    name = _variable(variable, f"{macro}()")
    if macro == "map":
        return Comprehension(macro, target, name, rest[0] if len(rest) == 2 else None, rest[-1])
    return Comprehension(macro, target, name, rest[0], None)


def _bind(arguments: tuple[Node, ...]) -> Node:
    if len(arguments) != 3:
        raise RuleUnreadable("cel.bind() takes a variable, its value, and an expression")
    return Bind(_variable(arguments[0], "cel.bind()"), arguments[1], arguments[2])


def _variable(node: Node, of: str) -> str:
    if not isinstance(node, Name):
        raise RuleUnreadable(f"the first argument of {of} must be a variable's name")
    check_variable(node.name)
    return node.name


def check_variable(name: str) -> None:
    """Raise `RuleUnreadable` for a variable that would hide one of the rule's own."""
    if name in VARIABLES:
        raise RuleUnreadable(f"'{name}' is a variable of every rule and cannot be another")


def _ref(target: Node, arguments: tuple[Node, ...]) -> Ref | None:
    match target, arguments:
        case Name("data" | "linkedData" | "auth" as source), (Literal(str() as path),):
            if source != "auth":
                return Ref(cast(RefSource, source), tuple(path.split(".")))
            if path.startswith(AUTH_REF_PREFIX):
                return Ref("auth", tuple(path.removeprefix(AUTH_REF_PREFIX).split(".")))
    return None


def _limit(target: Node, arguments: tuple[Node, ...]) -> Limit | None:
    if len(arguments) not in (1, 2):
        return None
    tokens = arguments[1] if len(arguments) == 2 else None
    match target:
        case Select(Name("rateLimit"), bucket) | Index(Name("rateLimit"), Literal(str() as bucket)):
            return Limit(bucket, arguments[0], tokens)
    return None


def _call(tree: Tree[Token], depth: int) -> Node:
    name, *rest = tree.children
    arguments = _arguments(rest, depth)
    if str(name) != "has":
        return Call(str(name), None, arguments)
    match arguments:
        case (Select(operand, field),):
            return Has(operand, field)
    raise RuleUnreadable("has() takes one field selection, like has(data.title)")


def _arguments(rest: list[Any], depth: int) -> tuple[Node, ...]:
    return tuple(_expr(part, depth) for part in _trees(rest[0])) if rest else ()


def _name(tree: Tree[Token], depth: int) -> Node:
    return Name(str(tree.children[0]))


def _list(tree: Tree[Token], depth: int) -> Node:
    return ListOf(_arguments(tree.children, depth))


def _map(tree: Tree[Token], depth: int) -> Node:
    parts = _arguments(tree.children, depth)
    return MapOf(tuple(zip(parts[::2], parts[1::2], strict=True)))


def _literal(tree: Tree[Token], depth: int) -> Node:
    token = cast(Token, tree.children[0])
    text = str(token)
    match token.type:
        case "INT_LIT":
            return Literal(literals.read_int(text))
        case "UINT_LIT":
            return Literal(literals.read_uint(text))
        case "FLOAT_LIT":
            return Literal(float(text))
        case "STRING_LIT" | "MLSTRING_LIT":
            return Literal(literals.read_string(text))
        case "BYTES_LIT":
            return Literal(literals.read_bytes(text))
        case "BOOL_LIT":
            return Literal(text == "true")
        case _:
            return Literal(None)


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return cast(list[Tree[Token]], tree.children)


_PASSING: Final = frozenset(
    (
        "expr",
        "conditionalor",
        "conditionaland",
        "relation",
        "addition",
        "multiplication",
        "unary",
        "member",
        "primary",
        "paren_expr",
    )
)
_NODES: Final = {
    "expr": _conditional,
    "conditionalor": _or,
    "conditionaland": _and,
    "relation": _binary,
    "addition": _binary,
    "multiplication": _binary,
    "unary": _unary,
    "member_dot": _select,
    "member_dot_arg": _method,
    "member_index": _index,
    "member_object": _message,
    "dot_ident": _name,
    "dot_ident_arg": _call,
    "ident": _name,
    "ident_arg": _call,
    "list_lit": _list,
    "map_lit": _map,
    "literal": _literal,
}
