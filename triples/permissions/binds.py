"""A rule's binds: named expressions that it may use, written once for an etype (§12.3).

Only those that an expression reaches are put around it, each inside the ones it uses itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from triples.permissions.parse import check_variable, parse
from triples.permissions.tree import Bind, Node, free_names

MAX_BINDS: Final = 100  # a rule's binds are nested in its tree

Binds = Mapping[str, str]


class BindsUnusable(ValueError):
    """The binds are not pairs, or go round in a circle."""


def binds_of(code: Mapping[str, Any], etype: str) -> Binds:
    """What rules of `etype` may use: `$default`'s binds, then its own; later ones win.

    Raises `BindsUnusable`.
    """
    binds: dict[str, str] = {}
    for owner in ("$default", etype):
        section = code.get(owner)
        pairs = bind_pairs(section.get("bind") if isinstance(section, dict) else None)
        for name, value in pairs:
            binds[name] = value
    return binds


def bind_pairs(written: Any) -> list[tuple[str, str]]:
    """Names and expressions of one `bind`, an object or an array of pairs."""
    if written is None:
        return []
    if isinstance(written, dict):
        flat: Sequence[Any] = [part for pair in written.items() for part in pair]
    elif isinstance(written, list):
        flat = written
    else:
        raise BindsUnusable("bind should be an object, or an array of names and expressions")
    if len(flat) % 2:
        raise BindsUnusable("bind should have an even number of elements")
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str | bool):
            raise BindsUnusable("bind should hold names and expressions")
    return [(name, _text(value)) for name, value in pairs]


def with_binds(expression: Node, binds: Binds) -> Node:
    """The expression with the binds it reaches around it; raises `BindsUnusable` on a circle.

    An outer bind never uses an inner one, so nothing is evaluated twice.
    """
    ordered = _in_order(expression, binds)
    if len(ordered) > MAX_BINDS:
        raise BindsUnusable(f"a rule cannot use more than {MAX_BINDS} binds")
    for name in reversed(ordered):
        expression = Bind(name, parse(binds[name]), expression)
    return expression


def code_with_binds(text: str, expression: Node, binds: Binds) -> str:
    """One CEL text for an expression made by `with_binds` from this text."""
    names: list[str] = []
    while isinstance(expression, Bind) and len(names) < len(binds):
        names.append(expression.name)
        expression = expression.body
    for name in reversed([name for name in names if name in binds]):
        text = f"cel.bind({name}, {binds[name]}, {text})"
    return text


def _in_order(expression: Node, binds: Binds) -> list[str]:
    """The binds that the expression reaches, those that others use first."""
    ordered: list[str] = []
    finished: set[str] = set()
    # Depth first without recursion: a name waits until what it uses is in order.
    for start in sorted(free_names(expression) & binds.keys()):
        path: list[tuple[str, list[str]]] = [(start, _uses(start, binds))]
        while path:
            name, uses = path[-1]
            if name in finished or not uses:
                if name not in finished:
                    finished.add(name)
                    ordered.append(name)
                path.pop()
                continue
            used = uses.pop()
            if used in (trail := [step[0] for step in path]):
                circle = [*trail[trail.index(used) :], used]
                raise BindsUnusable("The binds have a cyclic dependency " + " -> ".join(circle))
            path.append((used, _uses(used, binds)))
    return ordered


def _uses(name: str, binds: Binds) -> list[str]:
    check_variable(name)
    return sorted(free_names(parse(binds[name])) & binds.keys(), reverse=True)


def _text(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()
