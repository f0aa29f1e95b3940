"""What a live query watches: its reads, refined by the entities its last answer showed.

Soundness (instaql.md §5.4): conditions are watched by their constants alone, never by the rows
that happened to satisfy them; entity sets stand only for rows that were returned, whose entering
and leaving the conditions watch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from realtime.topics.matchers import may_match
from realtime.topics.touched import Touched, TouchedTriple, link_target
from triples.instaql.reads import (
    Anything,
    ConditionRead,
    EntityRead,
    Equals,
    LinkRead,
    Matcher,
    MemberRead,
    NamesRead,
    Read,
    RowsRead,
)


@dataclass(frozen=True, slots=True)
class QueryTopics:
    """The watched triples and attrs of one query.

    `equals` and `matchers` are conditions by attr; `anything` are attrs of which every change
    counts; `row_attrs` count on `entities`, and `reverse_links` where the value is one of them;
    `members` are id attrs with the guards of their forms (`MemberRead`).
    """

    entities: frozenset[str]
    row_attrs: frozenset[str]
    reverse_links: frozenset[str]
    anything: frozenset[str]
    equals: Mapping[str, frozenset[bytes]]
    matchers: Mapping[str, tuple[Matcher, ...]]
    members: Mapping[str, frozenset[str]]
    attr_ids: frozenset[str]
    etypes: frozenset[str]
    watches_names: bool

    def match(self, touched: Touched) -> bool:
        """Whether the transaction may alter the answer."""
        if touched.everything or self.match_attrs(touched):
            return True
        return any(
            self._match_triple(triple) or self.match_member(triple, touched)
            for triple in touched.triples
        )

    def match_attrs(self, touched: Touched) -> bool:
        """Whether a change of the schema itself may alter the answer."""
        if not touched.attr_ids:
            return False
        return (
            self.watches_names
            or not self.etypes.isdisjoint(touched.etypes)
            or not self.attr_ids.isdisjoint(touched.attr_ids)
        )

    def _match_triple(self, triple: TouchedTriple) -> bool:
        attr_id = triple.attr_id
        if attr_id in self.anything:
            return True
        if attr_id in self.row_attrs and triple.entity_id in self.entities:
            return True
        if attr_id in self.reverse_links and any(
            link_target(value) in self.entities for value in triple.values
        ):
            return True
        return self.match_conditions(attr_id, triple.values)

    def match_member(self, triple: TouchedTriple, touched: Touched) -> bool:
        """Whether an entity may have become a row without a guard that decides about it."""
        guards = self.members.get(triple.attr_id)
        if guards is None:
            return False
        return not guards <= touched.attrs_of(triple.entity_id)

    def match_conditions(self, attr_id: str, values: Iterable[bytes]) -> bool:
        """Whether a triple with one of these values could satisfy a condition on the attr."""
        wanted = self.equals.get(attr_id, frozenset())
        matchers = self.matchers.get(attr_id, ())
        return any(
            value in wanted or any(may_match(matcher, value) for matcher in matchers)
            for value in values
        )


def coarse_topics(reads: Iterable[Read]) -> QueryTopics:
    """What a query without an answer watches: whatever might give it one."""
    return topics_of(map(_of_anybody, reads), ())


def _of_anybody(read: Read) -> Read:
    return ConditionRead(read.attr_id, Anything()) if isinstance(read, LinkRead) else read


def topics_of(reads: Iterable[Read], level_ids: tuple[frozenset[str], ...]) -> QueryTopics:
    """Refine a query's reads with the entities of its answer."""
    row_attrs: set[str] = set()
    reverse_links: set[str] = set()
    anything: set[str] = set()
    equals: dict[str, frozenset[bytes]] = {}
    matchers: dict[str, tuple[Matcher, ...]] = {}
    members: dict[str, frozenset[str]] = {}
    etypes: set[str] = set()
    entities = set[str]().union(*level_ids)
    watches_names = False
    for read in reads:
        match read:
            case ConditionRead(attr_id, Anything()):
                anything.add(attr_id)
            case ConditionRead(attr_id, Equals(values)):
                equals[attr_id] = equals.get(attr_id, frozenset()) | values
            case ConditionRead(attr_id, matcher):
                matchers[attr_id] = (*matchers.get(attr_id, ()), matcher)
            case MemberRead(id_attr_id, guard):
                members[id_attr_id] = members.get(id_attr_id, frozenset()) | {guard}
            case RowsRead():
                row_attrs |= read.attr_ids
                if read.all_attrs:
                    etypes.add(read.etype)
            case LinkRead(attr_id, "forward"):
                row_attrs.add(attr_id)
            case LinkRead(attr_id, "reverse"):
                reverse_links.add(attr_id)
            case EntityRead(entity_id, attr_ids):
                entities |= {entity_id} if entity_id is not None else set()
                row_attrs |= attr_ids
            case NamesRead():
                watches_names = True
    return QueryTopics(
        entities=frozenset(entities),
        row_attrs=frozenset(row_attrs),
        reverse_links=frozenset(reverse_links),
        anything=frozenset(anything),
        equals=equals,
        matchers=matchers,
        members=members,
        attr_ids=frozenset(
            row_attrs | reverse_links | anything | equals.keys() | matchers.keys() | members.keys()
        ),
        etypes=frozenset(etypes),
        watches_names=watches_names,
    )
