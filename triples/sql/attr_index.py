"""How to pass over all triples of one attr."""

from typing import Final

IN_ATTR_INDEX: Final = "triples.created_at >= -9223372036854775807"
"""True of every triple, and the condition of the index `triples_of_attr`, which only statements
that repeat it can use (migration 0023 says why)."""
