"""A rule's tree as CEL text, with brackets around everything that could be read otherwise."""

from __future__ import annotations

from triples.permissions.parse import AUTH_REF_PREFIX
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
from wire import json


def cel_text(node: Node) -> str:
    """Text that `parse` reads as this tree."""
    match node:
        case Literal(value):
            return _literal(value)
        case Name(name):
            return name
        case Select(operand, field):
            return f"{_operand(operand)}.{field}"
        case Has(operand, field):
            return f"has({_operand(operand)}.{field})"
        case Index(operand, index):
            return f"{_operand(operand)}[{cel_text(index)}]"
        case ListOf(items):
            return f"[{', '.join(map(cel_text, items))}]"
        case MapOf(entries):
            pairs = (f"{cel_text(key)}: {cel_text(value)}" for key, value in entries)
            return f"{{{', '.join(pairs)}}}"
        case Not(operand):
            return f"!{_operand(operand)}"
        case Negate(operand):
            return f"-({cel_text(operand)})"
        case And(operands):
            return " && ".join(map(_operand, operands))
        case Or(operands):
            return " || ".join(map(_operand, operands))
        case Binary(operator, left, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case Conditional(condition, then, otherwise):
            return " ".join((_operand(condition), "?", _operand(then), ":", _operand(otherwise)))
        case _:
            return _call(node)


def _call(node: Node) -> str:
    match node:
        case Call(function, None, arguments):
            return f"{function}({', '.join(map(cel_text, arguments))})"
        case Call(function, target, arguments) if target is not None:
            return f"{_operand(target)}.{function}({', '.join(map(cel_text, arguments))})"
        case Comprehension(macro, ranged, variable, condition, result):
            parts = [cel_text(part) for part in (condition, result) if part is not None]
            return f"{_operand(ranged)}.{macro}({', '.join((variable, *parts))})"
        case Bind(name, value, body):
            return f"cel.bind({name}, {cel_text(value)}, {cel_text(body)})"
        case Ref(source, path):
            prefix = AUTH_REF_PREFIX if source == "auth" else ""
            return f"{source}.ref('{prefix}{'.'.join(path)}')"
        case Limit(bucket, key, tokens):
            parts = [cel_text(part) for part in (key, tokens) if part is not None]
            return f"rateLimit['{bucket}'].limit({', '.join(parts)})"
    raise TypeError(f"not a node: {node!r}")


_ATOMS = (Literal, Name, Select, Index, ListOf, Call, Ref, Comprehension, Has, Bind, MapOf)


def _operand(node: Node) -> str:
    """The node where a bracket may be needed around it."""
    text = cel_text(node)
    is_negative = isinstance(node, Literal) and text.startswith("-")
    is_number = isinstance(node, Literal) and isinstance(node.value, int | float)
    return text if isinstance(node, _ATOMS) and not is_negative and not is_number else f"({text})"


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Uint():
            return f"{int(value)}u"
        case int():
            return str(value)
        case float():
            return repr(value)
        case bytes():
            return "b'" + "".join(f"\\x{byte:02x}" for byte in value) + "'"
        case _:
            return json.dumps(value).decode()
