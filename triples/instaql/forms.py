"""What a checked query is made of: forms, their options and their conditions.

Values only. `parse` and `where` make them from JSON and have refused everything that cannot be
answered; `statement` compiles them. A constant keeps its slot, so that what is compiled from a form
serves every query of the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triples.attrs.attr import Attr
from triples.attrs.catalog import Direction
from triples.instaql.shape import Constant

ComparisonOperator = Literal["$gt", "$gte", "$lt", "$lte"]


@dataclass(frozen=True, slots=True)
class Step:
    """One hop over a link, from either side; `source` is the etype it starts from."""

    attr: Attr
    direction: Direction

    @property
    def source(self) -> str:
        """The etype the hop starts from."""
        if self.direction == "forward":
            return self.attr.etype
        return self.attr.reverse_etype or ""

    @property
    def target(self) -> str:
        """The etype the hop arrives at."""
        if self.direction == "reverse":
            return self.attr.etype
        return self.attr.reverse_etype or ""


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """A property equals the constant, or with `many` one of the list."""

    attr: Attr
    constant: Constant
    many: bool = False


@dataclass(frozen=True, slots=True)
class Differs:
    """A property has a value, maybe null, other than the constant."""

    attr: Attr
    constant: Constant


@dataclass(frozen=True, slots=True)
class Missing:
    """A property of a member of `id_attr`'s etype is null or absent, or nothing is linked."""

    step: Step
    id_attr: Attr


@dataclass(frozen=True, slots=True)
class Present:
    """A property of a member has a value that is not null, or something is linked."""

    step: Step
    id_attr: Attr


@dataclass(frozen=True, slots=True)
class Compares:
    """A typed, indexed property stands in this order to the constant; null never does."""

    attr: Attr
    operator: ComparisonOperator
    constant: Constant


@dataclass(frozen=True, slots=True)
class Resembles:
    """A string matches a pattern of `%` and `_`."""

    attr: Attr
    constant: Constant
    ignore_case: bool


@dataclass(frozen=True, slots=True)
class IdStartsWith:
    """A member's id begins with the hex digits in the constant; `attr` is its etype's `id`."""

    attr: Attr
    constant: Constant


@dataclass(frozen=True, slots=True)
class Linked:
    """A link leads to the entity in the constant, or with `many` to one of the list."""

    step: Step
    constant: Constant
    many: bool = False


@dataclass(frozen=True, slots=True)
class LinkedElsewhere:
    """A link leads to some entity other than the constant."""

    step: Step
    constant: Constant


Leaf = (
    IsOneOf
    | Differs
    | Missing
    | Present
    | Compares
    | Resembles
    | IdStartsWith
    | Linked
    | LinkedElsewhere
)


@dataclass(frozen=True, slots=True)
class Term:
    """Some entity at the end of the path satisfies the leaf; no path means the row itself."""

    path: tuple[Step, ...]
    leaf: Leaf


@dataclass(frozen=True, slots=True)
class Shared:
    """All terms hold; linked entities of one etype at one depth are the same entity (§2.2)."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every item holds, each with linked entities of its own."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one item holds."""

    items: tuple[Condition, ...]


Condition = Shared | All | Some


@dataclass(frozen=True, slots=True)
class Order:
    """How rows are sorted: by `attr`'s sort key, or without one by the time of creation.

    `is_usable` is false for a nested order that only the client, or the tree, can apply.
    """

    attr: Attr | None = None
    descending: bool = False
    is_usable: bool = True


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the order; `constant` is the cursor as the client sent it."""

    constant: Constant
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the ordered rows is wanted; `from_end` is `last`."""

    limit: int | None = None
    from_end: bool = False
    offset: int = 0
    after: Cursor | None = None
    before: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """One checked level of a query.

    `key` is its name in the query, `etype` what it shows; `link` leads here from the parent.
    `id_attr` is None where nothing can match, since the form names what does not exist.
    `condition` is None where every member matches. `fields` are the labels that were chosen, or
    None for all; `attrs` are those to be sent.
    """

    key: str
    etype: str
    id_attr: Attr | None
    link: Step | None
    condition: Condition | None
    order: Order
    page: Page
    wants_page_info: bool
    counts: bool
    fields: frozenset[str] | None
    attrs: tuple[Attr, ...]
    children: tuple[Form, ...]
