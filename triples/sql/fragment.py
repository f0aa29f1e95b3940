"""SQL text and its values, travelling together from birth to the cursor.

Nothing that a client sent is ever formatted into the text; it stands in `values`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL with `%s` placeholders, and the values for them in order."""

    text: str
    values: tuple[Any, ...] = ()

    def __add__(self, other: Fragment) -> Fragment:
        return Fragment(self.text + other.text, self.values + other.values)

    def wrap(self, before: str, after: str) -> Fragment:
        """The same piece between two constant texts."""
        return Fragment(before + self.text + after, self.values)


EMPTY = Fragment("")


def sql(text: str, *values: Any) -> Fragment:
    """A fragment from constant text and its values."""
    return Fragment(text, values)


def join(separator: str, fragments: Iterable[Fragment]) -> Fragment:
    """The fragments in order with a constant separator between them."""
    pieces = tuple(fragments)
    text = separator.join(piece.text for piece in pieces)
    return Fragment(text, tuple(value for piece in pieces for value in piece.values))
