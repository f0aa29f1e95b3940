"""What stands between rows and their viewer: a guard for each etype and each field with a rule.

A guard is a predicate on the column that holds an entity's id. It is applied wherever an entity
could show, be it only through a condition that it satisfies (transactions-permissions.md §15).
Where guards come from is `triples.permissions`' business; a query of an admin has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from triples.attrs.attr import Attr
from triples.instaql.forms import Condition
from triples.instaql.reads import ReadOf
from triples.sql.fragment import Fragment, sql


@dataclass(frozen=True, slots=True)
class Guard:
    """One rule as a predicate.

    - `passes`: SQL for "the entity whose id is in this column may be seen"; never null.
    - `can_fail`: whether evaluating it may raise. It must then see no row that does not match
      the query, since the failure would be one of a rule that nobody asked about.
    - `reads`: what the decision depends on. `required`: conditions that hold for whatever passes.
    - `among`: a select of those that pass among the ids in an array, where that is quicker than to
      ask about each. `by_groups`: `passes` for whoever asks about all of an etype.
    """

    passes: Callable[[str], Fragment]
    can_fail: bool
    reads: tuple[ReadOf, ...]
    required: tuple[Condition, ...] = ()
    among: Callable[[Fragment], Fragment] | None = None
    by_groups: Callable[[str], Fragment] | None = None


def asked_of_each(predicate: Fragment) -> Fragment:
    """Another condition of rows that are found already.

    In a `case` PostgreSQL asks it of each row, or looks once at all that satisfy it. As a join it
    would compare all with all, since it takes the rows to be few.
    """
    return predicate.wrap(" and case when ", " then true else false end")


def asked_until_enough(predicate: Fragment) -> Fragment:
    """Another condition of rows that come one by one until there are enough.

    In a select of its own it is asked for each row and in no other way: a look at all that satisfy
    it would be one too many.
    """
    return predicate.wrap(" and (select ", ")")


class Guards(Protocol):
    """The guards of one query for one kind of viewer; None where everything may be seen."""

    def view(self, etype: str) -> Guard | None:
        """Of an etype's entities."""

    def field(self, attr: Attr) -> Guard | None:
        """Of the values of one attr, asked about the entity that holds them."""


class Open:
    """No guards at all."""

    def view(self, etype: str) -> Guard | None:
        """Every entity may be seen."""
        return None

    def field(self, attr: Attr) -> Guard | None:
        """Every value may be seen."""
        return None


OPEN: Final = Open()
NOTHING: Final = Guard(lambda column: sql("false"), can_fail=False, reads=())
