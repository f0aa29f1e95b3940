"""What an answer depends on, as facts that say nothing of sessions or the change log.

`triples.instaql` states them for a compiled query; `realtime.topics` turns them into the index
that finds stale queries. The rule they must obey (instaql.md §5.4): a set may stand in place of
"anything" only if every triple that could newly join or leave the result is in that set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Anything:
    """Every value matters."""


@dataclass(frozen=True, slots=True)
class Equals:
    """Only triples with one of these values matter; values as `wire.json.canonical` bytes.

    For links the values are canonical JSON strings of entity ids. Never used where equality is
    wider than JSON equality (typed dates): there it is `Anything`.
    """

    values: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Differs:
    """Only triples whose value is not this one matter; canonical bytes."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Compares:
    """Only triples whose value satisfies a comparison matter; null never does."""

    operator: Literal["$gt", "$gte", "$lt", "$lte"]
    value: Any
    checked_type: Literal["string", "number", "boolean", "date"]


@dataclass(frozen=True, slots=True)
class Resembles:
    """Only triples whose string matches a `$like` (or, with `ignore_case`, `$ilike`) matter."""

    pattern: str
    ignore_case: bool


Matcher = Anything | Equals | Differs | Compares | Resembles


@dataclass(frozen=True, slots=True)
class ConditionRead:
    """A condition looked at triples of this attr, of any entity, with matching values."""

    attr_id: str
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class MemberRead:
    """Entities were taken as members of an etype, if a condition on the guard attr let them.

    An entity that becomes a member matters, unless the same transaction wrote its one triple of
    the guard attr: then the condition's own read of that value decides.
    """

    id_attr_id: str
    guard_attr_id: str


@dataclass(frozen=True, slots=True)
class RowsRead:
    """The rows of one level were fetched: these attrs of the returned entities.

    `level` indexes `Answer.level_ids`. `etype` is kept because a new attr of it joins the fetch
    (`all_attrs`), while a `fields` list stays as it is.
    """

    level: int
    etype: str
    attr_ids: frozenset[str]
    all_attrs: bool


@dataclass(frozen=True, slots=True)
class LinkRead:
    """Children were found through this link from the returned entities of `parent_level`.

    `forward`: triples whose entity is a parent; `reverse`: triples whose value is a parent.
    """

    attr_id: str
    direction: Literal["forward", "reverse"]
    parent_level: int


@dataclass(frozen=True, slots=True)
class EntityRead:
    """These attrs of one entity were looked at, whether it is shown or not; None: of nobody."""

    entity_id: str | None
    attr_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class NamesRead:
    """The query named an etype or label that does not exist (yet): new attrs may change it."""


Read = ConditionRead | MemberRead | RowsRead | LinkRead | EntityRead | NamesRead
ReadOf = Callable[[tuple[Any, ...]], Read]
"""Makes a read from a query's constants."""
