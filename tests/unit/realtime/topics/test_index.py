"""The inverted index answers exactly as asking every query one by one would (instaql.md §5.9)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.topics.index import TopicIndex
from realtime.topics.query_topics import QueryTopics, topics_of
from realtime.topics.touched import EVERYTHING, Touched, TouchedTriple
from triples.instaql.reads import (
    Anything,
    Compares,
    ConditionRead,
    Differs,
    Equals,
    LinkRead,
    MemberRead,
    NamesRead,
    Read,
    RowsRead,
)
from wire import json

ATTRS = ("title", "done", "owner", "tags")
ETYPES = ("todos", "users")
ENTITIES = tuple(f"00000000-0000-4000-8000-00000000000{n}" for n in range(5))
VALUES = (b"null", b"1", b"2", b'"a"', b'"b"', *(json.dumps(entity) for entity in ENTITIES))

attrs = st.sampled_from(ATTRS)
values = st.sampled_from(VALUES)
entity_sets = st.frozensets(st.sampled_from(ENTITIES))
matchers = st.one_of(
    st.just(Anything()),
    st.frozensets(values, min_size=1, max_size=3).map(Equals),
    values.map(Differs),
    st.sampled_from((0, 1, 2)).map(lambda number: Compares("$gt", number, "number")),
)
reads: st.SearchStrategy[Read] = st.one_of(
    st.builds(ConditionRead, attrs, matchers),
    st.builds(
        RowsRead,
        level=st.just(0),
        etype=st.sampled_from(ETYPES),
        attr_ids=st.frozensets(attrs),
        all_attrs=st.booleans(),
    ),
    st.builds(LinkRead, attrs, st.sampled_from(("forward", "reverse")), st.just(0)),
    st.builds(MemberRead, attrs, attrs),
    st.just(NamesRead()),
)
topics: st.SearchStrategy[QueryTopics] = st.builds(
    topics_of, st.lists(reads, max_size=5), st.tuples(entity_sets)
)
touches = st.one_of(
    st.just(EVERYTHING),
    st.builds(
        Touched,
        triples=st.lists(
            st.builds(
                TouchedTriple,
                st.sampled_from(ENTITIES),
                attrs,
                st.lists(values, min_size=1, max_size=2, unique=True).map(tuple),
            ),
            max_size=4,
        ).map(tuple),
        attr_ids=st.frozensets(attrs, max_size=2),
        etypes=st.frozensets(st.sampled_from(ETYPES), max_size=1),
    ),
)
steps = st.lists(
    st.tuples(st.integers(0, 4), st.one_of(st.none(), topics)), min_size=1, max_size=12
)


@settings(max_examples=500, deadline=None)
@given(steps, touches)
def test_index_finds_exactly_the_queries_whose_topics_match(
    put_or_removed: list[tuple[int, QueryTopics | None]], touched: Touched
) -> None:
    index: TopicIndex[int] = TopicIndex()
    watched: dict[int, QueryTopics] = {}
    for query, query_topics in put_or_removed:
        if query_topics is None:
            index.remove(query)
            watched.pop(query, None)
        else:
            index.put(query, query_topics)
            watched[query] = query_topics

    assert index.stale(touched) == {
        query for query, query_topics in watched.items() if query_topics.match(touched)
    }


@settings(max_examples=200, deadline=None)
@given(steps)
def test_index_is_empty_once_every_query_is_removed(
    put: list[tuple[int, QueryTopics | None]],
) -> None:
    index: TopicIndex[int] = TopicIndex()
    for query, query_topics in put:
        if query_topics is not None:
            index.put(query, query_topics)
    for query, _ in put:
        index.remove(query)

    assert index.is_empty
