"""The live queries of one app, found by what changed instead of one by one (instaql.md §5.9).

A change looks only into the buckets of its own attr, value and entity; matchers that are not
plain equality run only inside their attr's bucket. Holds the same promise as
`QueryTopics.match`: a test compares the two.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from realtime.topics.query_topics import QueryTopics
from realtime.topics.touched import Touched, TouchedTriple, link_target

Query = TypeVar("Query", bound=Hashable)


class TopicIndex(Generic[Query]):
    """Inverted lists from entities, attrs and values to queries."""

    def __init__(self) -> None:
        self._topics: dict[Query, QueryTopics] = {}
        self._by_entity: defaultdict[str, set[Query]] = defaultdict(set)
        self._by_attr: defaultdict[str, set[Query]] = defaultdict(set)
        self._by_value: defaultdict[str, defaultdict[bytes, set[Query]]] = defaultdict(
            lambda: defaultdict(set)
        )
        self._by_matcher: defaultdict[str, set[Query]] = defaultdict(set)
        self._by_member: defaultdict[str, set[Query]] = defaultdict(set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is watched, and no bucket was left behind."""
        return not any(
            (
                self._topics,
                self._by_entity,
                self._by_attr,
                self._by_value,
                self._by_matcher,
                self._by_member,
            )
        )

    def topics(self, query: Query) -> QueryTopics | None:
        """What the query watches now."""
        return self._topics.get(query)

    def put(self, query: Query, topics: QueryTopics) -> None:
        """Watch these topics for the query, instead of the ones before."""
        before = self._topics.get(query)
        if before == topics:
            return
        self._topics[query] = topics
        entities_before = before.entities if before else frozenset()
        for entity_id in topics.entities - entities_before:
            self._by_entity[entity_id].add(query)
        for entity_id in entities_before - topics.entities:
            _discard(self._by_entity, entity_id, query)
        if before is None or not _same_conditions(before, topics):
            if before is not None:
                self._remove_conditions(query, before)
            self._add_conditions(query, topics)

    def watch_names(self, query: Query) -> None:
        """Watch every change of the schema, beside what the query watches already."""
        topics = self._topics.get(query)
        if topics is not None:
            self._topics[query] = dataclasses.replace(topics, watches_names=True)

    def remove(self, query: Query) -> None:
        """Watch nothing for the query any more."""
        topics = self._topics.pop(query, None)
        if topics is None:
            return
        for entity_id in topics.entities:
            _discard(self._by_entity, entity_id, query)
        self._remove_conditions(query, topics)

    def stale(self, touched: Touched) -> set[Query]:
        """Every query whose answer the transaction may alter."""
        if touched.everything:
            return set(self._topics)
        found: set[Query] = set()
        if touched.attr_ids:
            found.update(
                query for query, topics in self._topics.items() if topics.match_attrs(touched)
            )
        for triple in touched.triples:
            found |= self._by_attr.get(triple.attr_id, set())
            found |= self._by_conditions(triple)
            found.update(self._by_rows(triple))
            for query in self._by_member.get(triple.attr_id, ()):
                if self._topics[query].match_member(triple, touched):
                    found.add(query)
        return found

    def _by_conditions(self, triple: TouchedTriple) -> set[Query]:
        found: set[Query] = set()
        if by_value := self._by_value.get(triple.attr_id):
            for value in triple.values:
                found |= by_value.get(value, set())
        for query in self._by_matcher.get(triple.attr_id, ()):
            if self._topics[query].match_conditions(triple.attr_id, triple.values):
                found.add(query)
        return found

    def _by_rows(self, triple: TouchedTriple) -> Iterable[Query]:
        for query in self._by_entity.get(triple.entity_id, ()):
            if triple.attr_id in self._topics[query].row_attrs:
                yield query
        for value in triple.values:
            target = link_target(value)
            for query in self._by_entity.get(target, ()) if target else ():
                if triple.attr_id in self._topics[query].reverse_links:
                    yield query

    def _add_conditions(self, query: Query, topics: QueryTopics) -> None:
        for attr_id in topics.anything:
            self._by_attr[attr_id].add(query)
        for attr_id, values in topics.equals.items():
            for value in values:
                self._by_value[attr_id][value].add(query)
        for attr_id in topics.matchers:
            self._by_matcher[attr_id].add(query)
        for attr_id in topics.members:
            self._by_member[attr_id].add(query)

    def _remove_conditions(self, query: Query, topics: QueryTopics) -> None:
        for attr_id in topics.anything:
            _discard(self._by_attr, attr_id, query)
        for attr_id, values in topics.equals.items():
            by_value = self._by_value[attr_id]
            for value in values:
                _discard(by_value, value, query)
            if not by_value:
                del self._by_value[attr_id]
        for attr_id in topics.matchers:
            _discard(self._by_matcher, attr_id, query)
        for attr_id in topics.members:
            _discard(self._by_member, attr_id, query)


def _same_conditions(left: QueryTopics, right: QueryTopics) -> bool:
    return (left.anything, left.equals, left.matchers, left.members) == (
        right.anything,
        right.equals,
        right.matchers,
        right.members,
    )


Key = TypeVar("Key", bound=Hashable)


def _discard(buckets: defaultdict[Key, set[Query]], key: Key, query: Query) -> None:
    """Remove the query from a bucket, and the bucket when it is empty."""
    bucket = buckets.get(key)
    if bucket is None:
        return
    bucket.discard(query)
    if not bucket:
        del buckets[key]
