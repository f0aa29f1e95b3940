"""How to pass over all triples of one attr."""

from typing import Final


def in_attr_index(alias: str) -> str:
    """True of every triple, and the condition of the index `triples_of_attr`.

    Only statements that repeat it can use the index (migration 0023 says why).
    """
    return f"{alias}.created_at >= -9223372036854775807"


IN_ATTR_INDEX: Final = in_attr_index("triples")
