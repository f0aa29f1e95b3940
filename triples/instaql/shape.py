"""The shape of a query: everything but its constants, as a key for compiled plans.

Two queries of one shape differ only in the values their conditions and cursors compare with, so
they share one SQL text. The walk gives each constant a slot; compiled plans refer to slots.
Which kinds of values stand in a slot is part of the shape, because validation depends on it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

from triples.values.kinds import json_type_name
from wire import json
from wire.errors import ValidationFailed

MAX_DEPTH: Final = 220  # 200 levels of links are wanted; JSON that is answered ends at 254
MAX_PARTS: Final = 20_000  # objects in one query; far below what exhausts the planner's memory

MAX_LISTED: Final = 500_000  # items of its lists; some ten million would hold up all other clients

_OPEN: Final = 0
_CLOSE: Final = 1
_LIST: Final = 2


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that a query compares with, and its slot in the query's shape."""

    slot: int
    value: Any


@dataclass(frozen=True, slots=True)
class Shaped:
    """A query with its constants marked, the key of its shape, and the constants by slot."""

    marked: dict[str, Any]
    key: tuple[Hashable, ...]
    constants: tuple[Any, ...]


def shape_of(query: dict[str, Any]) -> Shaped:
    """Mark the constants of a query; `$$ruleParams` is left out."""
    refuse_excess(query)
    walk = _Walk()
    forms = {name: form for name, form in query.items() if name != "$$ruleParams"}
    marked = walk.forms(forms)
    return Shaped(marked, tuple(walk.key), tuple(walk.constants))


def refuse_excess(query: Any) -> None:
    """Raise `ValidationFailed` for a query too deep, too manifold or too long to be compiled."""
    pending: list[tuple[Any, int]] = [(query, 1)]
    parts = listed = 0
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise _excess(f"The query is nested deeper than {MAX_DEPTH} levels.")
        if isinstance(value, dict):
            parts += 1
            pending.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            listed += len(value)
            if listed > MAX_LISTED:
                raise _excess(f"The query lists more than {MAX_LISTED} values.")
            pending.extend((item, depth + 1) for item in value if isinstance(item, dict | list))
        if parts > MAX_PARTS:
            raise _excess(f"The query has more than {MAX_PARTS} parts.")


def _excess(message: str) -> ValidationFailed:
    return ValidationFailed.one("query", None, message)


class _Walk:
    """Builds the marked copy, the key and the constants in one pass."""

    def __init__(self) -> None:
        self.key: list[Hashable] = []
        self.constants: list[Any] = []

    def forms(self, forms: dict[str, Any]) -> dict[str, Any]:
        # One frame a level: a query may be as deep as a fifth of Python's stack.
        marked: dict[str, Any] = {}
        self.key.append(_OPEN)
        for name, form in forms.items():
            self.key.append(name)
            if not isinstance(form, dict):
                marked[name] = self._literal(form)
            elif name == "$":
                marked[name] = self._options(form)
            else:
                marked[name] = self.forms(form)
        self.key.append(_CLOSE)
        return marked

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        self.key.append(_OPEN)
        marked = {name: self._option(name, value) for name, value in options.items()}
        self.key.append(_CLOSE)
        return marked

    def _option(self, name: str, value: Any) -> Any:
        self.key.append(name)
        match name:
            case "where" if isinstance(value, dict):
                return self._where(value)
            case "after" | "before" if isinstance(value, list):
                return self._cursor(value)
            case _:
                return self._literal(value)

    def _literal(self, value: Any) -> Any:
        self.key.append(json.dumps(value))
        return value

    def _cursor(self, cursor: list[Any]) -> Constant:
        self.key.append(json.dumps(cursor[1:2]))
        self.key.append(tuple(json_type_name(item) for item in cursor))
        return self._constant(cursor)

    def _where(self, where: Any) -> Any:
        if not isinstance(where, dict):
            return self._literal(where)
        marked: dict[str, Any] = {}
        self.key.append(_OPEN)
        for name, value in where.items():
            self.key.append(name)
            if name in ("or", "and") and isinstance(value, list):
                self.key.extend((_LIST, len(value)))
                marked[name] = []
                for item in value:
                    marked[name].append(self._where(item))
            else:
                marked[name] = self._condition(value)
        self.key.append(_CLOSE)
        return marked

    def _condition(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return self._value(value)
        self.key.append(_OPEN)
        marked = {operator: self._operand(operator, item) for operator, item in value.items()}
        self.key.append(_CLOSE)
        return marked

    def _operand(self, operator: str, operand: Any) -> Any:
        self.key.append(operator)
        return self._literal(operand) if operator == "$isNull" else self._value(operand)

    def _value(self, value: Any) -> Constant:
        if isinstance(value, list):
            self.key.append((_LIST, *sorted({json_type_name(item) for item in value})))
        else:
            self.key.append((json_type_name(value),))
        return self._constant(value)

    def _constant(self, value: Any) -> Constant:
        self.constants.append(value)
        return Constant(len(self.constants) - 1, value)
