"""No change escapes its topics: whenever a query's answer differs, its topics had matched (law 5).

Random data, queries and transactions, in memory: each transaction is made for real, read from the
real log and matched against what every query watches; then every query is answered again. Half of
the transactions are plain SQL, half go through the write path. Sockets, the hub and its timing are
left to `test_live_queries`, so that far more cases fit into a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from realtime.topics.index import TopicIndex
from realtime.topics.query_topics import QueryTopics, topics_of
from realtime.topics.touched import EVERYTHING, Touched, touched_by
from tests.conftest import Effort
from tests.database.changes.read_log import ReadLog
from tests.oracle.storing import store_world
from tests.oracle.world import World
from tests.properties.changes import Change, ChangingWorld, changes
from tests.properties.client_writes import Write, WrittenWorld, writes
from tests.properties.queries import queries
from tests.properties.worlds import worlds
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.management.database import connect
from triples.sql.pool import Connection
from wire import json
from wire.errors import InstantError

ADMIN: Final = Viewer(is_admin=True, user_id=None)
QUERIES: Final = 12
TRANSACTIONS: Final = 24
TRIPLES: Final = 20_000
CAMPAIGN_TRIPLES: Final = 1_000_000

STORIES_A_ROUND: Final = 12

Transaction = Change | tuple[Write, ...]
Story = tuple[World, list[dict[str, Any]], list[Transaction]]
transactions: st.SearchStrategy[Transaction] = st.one_of(changes, writes)


@dataclass(slots=True)
class Tally:
    """How often a (data, query, transaction) was stale and how often its answer differed."""

    triples: int = 0
    stale: int = 0
    differing: int = 0

    def __str__(self) -> str:
        spurious = self.stale - self.differing
        share = spurious / max(1, self.triples - self.differing)
        return (
            f"{self.triples:,} (data, query, transaction) triples: {self.differing:,} answers"
            f" differed, 0 of them missed; {spurious:,} spurious wake-ups ({share:.1%} of the rest)"
        )


@st.composite
def stories(draw: Any) -> Story:
    """A world, the queries that are watched, and what happens to it."""
    world = draw(worlds())
    watched = draw(st.lists(queries(world), min_size=QUERIES // 2, max_size=QUERIES))
    return (
        world,
        watched,
        draw(st.lists(transactions, min_size=TRANSACTIONS // 2, max_size=TRANSACTIONS)),
    )


@pytest.mark.usefixtures("django_db_setup")
def test_every_differing_answer_was_stale(
    seed: int, effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally()
    with asyncio.Runner() as runner:
        entered = _connections()
        conn, log = runner.run(entered.__aenter__())
        wanted = effort.cases(TRIPLES, CAMPAIGN_TRIPLES)
        try:
            while tally.triples < wanted:
                _hunt(
                    lambda story: runner.run(_told(conn, log, *story, tally)), seed + tally.triples
                )
        finally:
            runner.run(entered.__aexit__(None, None, None))
    with capsys.disabled():
        print(f"\n{tally}")


def _hunt(tell: Callable[[Story], None], seed: int) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=STORIES_A_ROUND,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # shrinking a story takes minutes; TEST_SEED finds it again
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(stories())
    def nothing_is_missed(story: Story) -> None:
        tell(story)

    nothing_is_missed()


@asynccontextmanager
async def _connections() -> AsyncIterator[tuple[Connection, ReadLog]]:
    """One to write and ask with, one to read the log: an error would end a slot of its session."""
    async with connect() as conn, connect() as log_conn, ReadLog.of(log_conn) as log:
        conn.prepare_threshold = (
            0  # each statement runs some twenty times; planning is the most of it
        )
        yield conn, log


async def _told(
    conn: Connection,
    log: ReadLog,
    world: World,
    watched: list[dict[str, Any]],
    happening: list[Transaction],
    tally: Tally,
) -> None:
    await store_world(conn, world)
    await log.committed()
    observed = Observed(conn, world.app_id, watched)
    await observed.answer_all()
    for transaction in happening:
        await _make(conn, world, transaction)
        touched = [
            EVERYTHING if committed.everything else touched_by(changes)
            for committed in await log.committed()
            for changes in committed.changes
            if committed.everything or changes.app_id == world.app_id
        ]
        await observed.judge(touched, transaction, tally)


async def _make(conn: Connection, world: World, transaction: Transaction) -> None:
    if isinstance(transaction, Change):
        await ChangingWorld(conn, world).make(transaction)
    else:
        await WrittenWorld(conn, world).write(transaction)


class Observed:
    """What each query last said and what it watches, as the hub keeps them."""

    def __init__(self, conn: Connection, app_id: str, watched: list[dict[str, Any]]) -> None:
        self._conn = conn
        self._app_id = app_id
        self._watched = watched
        self._words: list[Any] = [None] * len(watched)
        self._index: TopicIndex[int] = TopicIndex()

    async def answer_all(self) -> None:
        """Ask every query for the first time; one that is refused is not watched."""
        catalog = await load_catalog(self._conn, self._app_id)
        for number in range(len(self._watched)):
            self._words[number], topics = await self._answer(number, catalog)
            if topics is not None:
                self._index.put(number, topics)

    async def judge(self, touched: list[Touched], transaction: Transaction, tally: Tally) -> None:
        """Answer every query again; whose answer differs must be among the stale ones."""
        stale = set().union(*(self._index.stale(each) for each in touched))
        self._compare_with_index(touched, stale)
        catalog = await load_catalog(self._conn, self._app_id)
        for number, before in enumerate(self._words):
            if self._index.topics(number) is None:
                continue
            word, topics = await self._answer(number, catalog)
            tally.triples += 1
            tally.stale += number in stale
            if word != before:
                tally.differing += 1
                assert number in stale, self._story(number, transaction, touched, before, word)
            if number in stale:
                self._words[number] = word
                self._watch(number, topics)

    def _watch(self, number: int, topics: QueryTopics | None) -> None:
        if topics is None:
            self._index.watch_names(number)
        else:
            self._index.put(number, topics)

    async def _answer(self, number: int, catalog: AttrCatalog) -> tuple[Any, QueryTopics | None]:
        """The answer without the order of its triples, or the refusal."""
        try:
            prepared = prepare_query(self._watched[number], catalog, ADMIN)
            answer = await run_query(self._conn, prepared)
        except InstantError as refusal:
            return (refusal.type, refusal.to_wire()["message"]), None
        [node] = json.loads(answer.result)
        [rows] = node["data"].pop("datalog-result")["join-rows"]
        word = sorted(json.canonical(triple) for triple in rows), node
        return word, topics_of(prepared.reads, answer.level_ids)

    def _compare_with_index(self, touched: list[Touched], stale: set[int]) -> None:
        matched = {
            number
            for number in range(len(self._watched))
            if (topics := self._index.topics(number)) and any(map(topics.match, touched))
        }
        assert stale == matched, "the index and the topics disagree"

    def _story(
        self,
        number: int,
        transaction: Transaction,
        touched: list[Touched],
        before: Any,
        after: Any,
    ) -> str:
        return (
            f"missed: {json.dumps(self._watched[number]).decode()}\n  after {transaction}\n"
            f"  which touched {touched}\n  said {before}\n  but says now {after}"
        )
