"""The change feed through broken links: every write is delivered, or visible at a later gap."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from realtime.changes.change import TxChanges
from realtime.changes.source import ChangeFeed, Patience
from tests.database.changes.fed import INSERT_TRIPLE, PATIENCE_SECONDS, Fed, running, writer
from tests.faults.link import Link
from tests.until import until
from triples.management.database import conninfo

ATTR = str(uuid.uuid4())
ROUNDS = 8

# Whoever sends the log of this database is cut off.
CUT_FEED = """
select count(pg_terminate_backend(active_pid)) from pg_replication_slots
where database = current_database() and active_pid is not null
"""
VALUES_OF_APP = "select value from triples where app_id = %s"


@pytest.fixture
def database_url(django_db_setup: None) -> str:
    return conninfo()


@pytest.fixture
def app() -> str:
    """Triples need no app's row."""
    return str(uuid.uuid4())


def test_terminated_back_end_is_a_gap_and_then_changes_go_on(database_url: str, app: str) -> None:
    async def story() -> None:
        async with running(database_url) as fed, writer(database_url) as conn:
            await conn.execute(CUT_FEED)
            await fed.until(lambda: fed.gaps == 2)
            await conn.execute(INSERT_TRIPLE, [app, app, ATTR, "1"])
            await fed.next_of(app)
            assert fed.feed.state.failure is None

    asyncio.run(story())


def test_no_write_is_missed_while_back_ends_are_terminated(database_url: str, app: str) -> None:
    async def story() -> None:
        async with Witness(database_url, app).watching() as witness, writer(database_url) as conn:
            writing = asyncio.create_task(_write_until_cancelled(database_url, app))
            for round_number in range(2, ROUNDS):
                await conn.execute(CUT_FEED)
                await witness.until_gaps(round_number)
            writing.cancel()
            written = await writing
            assert len(written) > ROUNDS
            await witness.until_delivered(written[-1])
            assert set(written) - witness.delivered - witness.seen_at_gaps == set()

    asyncio.run(story())


@pytest.mark.parametrize("fault", ["cut", "freeze"])
def test_broken_link_is_noticed_and_replaced(database_url: str, app: str, fault: str) -> None:
    async def story() -> None:
        patience = Patience(status_seconds=0.1, live_seconds=0.3, silent_seconds=0.6)
        async with (
            Link.to(database_url) as link,
            running(link.database_url, patience=patience) as fed,
            writer(database_url) as conn,
        ):
            await getattr(link, fault)()
            await until(lambda: fed.feed.state.phase != "streaming")
            await conn.execute(INSERT_TRIPLE, [app, app, ATTR, "1"])
            await link.heal()
            await fed.until(lambda: fed.gaps == 2)
            await conn.execute(INSERT_TRIPLE, [app, app, ATTR, "2"])
            assert (await fed.next_of(app)).triple_changes[0].new == b"2"

    asyncio.run(story())


def heard_ago(fed: Fed) -> float:
    """Seconds since the database last said anything."""
    return fed.feed.state.heard_seconds_ago or 0.0


def test_quiet_database_keeps_the_feed_live(database_url: str) -> None:
    async def story() -> None:
        patience = Patience(status_seconds=0.05, live_seconds=0.5, silent_seconds=0.5)
        async with running(database_url, patience=patience) as fed:
            for _ in range(30):
                await until(lambda: heard_ago(fed) > 0.04, pause_seconds=0.001)
                assert fed.feed.state.is_live
                await until(lambda: heard_ago(fed) < 0.04, pause_seconds=0.001)
            assert fed.gaps == 1

    asyncio.run(story())


def test_receiver_that_fails_gets_a_gap_instead(database_url: str, app: str) -> None:
    async def story() -> None:
        gaps, refused = asyncio.Semaphore(0), asyncio.Event()

        async def deliver(changes: TxChanges) -> None:
            refused.set()
            raise RuntimeError("not now")

        feed = ChangeFeed(database_url, deliver, gaps.release)
        await feed.start()
        async with asyncio.timeout(PATIENCE_SECONDS), writer(database_url) as conn:
            await gaps.acquire()
            await conn.execute(INSERT_TRIPLE, [app, app, ATTR, "1"])
            await refused.wait()
            await gaps.acquire()
        await feed.stop()

    asyncio.run(story())


class Witness:
    """A receiver that looks at the database at each gap, as a live query would."""

    def __init__(self, database_url: str, app: str) -> None:
        self.delivered: set[int] = set()
        self.seen_at_gaps: set[int] = set()
        self._gaps = 0
        self._database_url = database_url
        self._app = app

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Witness]:
        """Watch for the length of a block."""
        feed = ChangeFeed(self._database_url, self._deliver, self._look)
        await feed.start()
        try:
            await feed.wait_until_live(PATIENCE_SECONDS)
            yield self
        finally:
            await feed.stop()

    async def until_gaps(self, count: int) -> None:
        """Wait for a number of gaps in all."""
        await until(lambda: self._gaps >= count)

    async def until_delivered(self, value: int) -> None:
        """Wait for one write to be known."""
        await until(lambda: value in self.delivered or value in self.seen_at_gaps)

    def _deliver(self, changes: TxChanges) -> None:
        if changes.app_id == self._app:
            self.delivered |= {int(change.new or b"0") for change in changes.triple_changes}

    async def _look(self) -> None:
        async with writer(self._database_url) as conn:
            rows = await (await conn.execute(VALUES_OF_APP, [self._app])).fetchall()
        self.seen_at_gaps |= {value for (value,) in rows}
        self._gaps += 1


async def _write_until_cancelled(database_url: str, app: str) -> list[int]:
    """Commit one numbered write after the other; the numbers that were acknowledged."""
    written: list[int] = []
    async with writer(database_url) as conn:
        try:
            while True:
                number = len(written) + 1
                await asyncio.shield(
                    conn.execute(INSERT_TRIPLE, [app, str(uuid.uuid4()), ATTR, str(number)])
                )
                written.append(number)
        except asyncio.CancelledError:
            await until(lambda: not conn.lock.locked())
            return written
