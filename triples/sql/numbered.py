"""SQL with numbered placeholders, for statements that are written once and run often.

psycopg rewrites `%s` on every run of a long text; numbered text goes to PostgreSQL as it is. A
value that stands in several places is sent once.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from triples.sql.fragment import Fragment
from triples.sql.pool import Connection

_PLACEHOLDER: Final = re.compile(r"%(?:%|s(?P<cast>::\w+(?:\[\])?)?)")


@dataclass(frozen=True, slots=True)
class NumberedSql:
    """A statement and its values; `$1` in the text stands for the first of them."""

    text: bytes
    values: tuple[Any, ...]


def numbered(fragment: Fragment) -> NumberedSql:
    """The same statement with numbers instead of `%s`."""
    values: list[Any] = []
    places: dict[Hashable, int] = {}
    given = iter(fragment.values)

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value, cast = next(given), found["cast"] or ""
        key = _same_as(value, cast)
        number = places.get(key) if key is not None else None
        if number is None:
            values.append(value)
            number = len(values)
            if key is not None:
                places[key] = number
        return f"${number}{cast}"

    text = _PLACEHOLDER.sub(place, fragment.text)
    return NumberedSql(text.encode(), tuple(values))


async def run(conn: Connection, statement: NumberedSql) -> psycopg.AsyncRawCursor[TupleRow]:
    """Run it on a cursor of its own."""
    cursor = psycopg.AsyncRawCursor(conn)
    return await cursor.execute(statement.text, statement.values)


def _same_as(value: Any, cast: str) -> Hashable | None:
    """What two placeholders must have in common to be one; None for those that stay alone.

    PostgreSQL settles a placeholder's type from its cast, so only equally cast ones can be one.
    """
    if not cast or not isinstance(value, str):
        return None
    return cast, value
