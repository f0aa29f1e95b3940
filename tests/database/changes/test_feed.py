"""Whatever is committed to the published tables is delivered by the change feed."""

from __future__ import annotations

import asyncio
import tracemalloc
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from realtime.changes.change import AttrChange, TripleChange, TxChanges
from realtime.changes.source import ChangeFeed, Patience
from tests.database.changes.fed import INSERT_TRIPLE, Fed, running, writer
from tests.until import until

ENTITY, ATTR = str(uuid.uuid4()), str(uuid.uuid4())
LONG = "(select to_jsonb(string_agg(md5(i::text), '')) from generate_series(1, 400) i)"
# Up to where was the log acknowledged by whoever reads it now?
ACKNOWLEDGED = """
select (confirmed_flush_lsn - '0/0'::pg_lsn)::bigint from pg_replication_slots
where database = current_database() and active
"""

Story = Callable[[Fed, psycopg.AsyncConnection[Any]], Awaitable[None]]


@pytest.fixture
def tell(database_url: str) -> Callable[[Story], None]:
    """Run a story beside a live feed."""

    async def told(story: Story) -> None:
        async with writer(database_url) as conn:
            async with running(database_url) as fed:
                await story(fed, conn)
            await until(
                partial(_has_no_slot, conn), pause_seconds=0.01
            )  # PostgreSQL may take a moment to forget what was large

    return lambda story: asyncio.run(told(story))


def test_insert_update_and_delete_are_delivered_with_values(
    tell: Callable[[Story], None], app: str
) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        await conn.execute(INSERT_TRIPLE, [app, ENTITY, ATTR, "1"])
        await conn.execute("update triples set value = '2' where app_id = %s", [app])
        await conn.execute("delete from triples where app_id = %s", [app])
        changes = [(await fed.next_of(app)).triple_changes for _ in range(3)]
        assert changes == [
            (TripleChange("insert", ENTITY, ATTR, None, b"1", False),),
            (TripleChange("update", ENTITY, ATTR, b"1", b"2", False),),
            (TripleChange("delete", ENTITY, ATTR, b"2", None, False),),
        ]

    tell(story)


def test_long_value_is_known_when_another_column_changes(
    tell: Callable[[Story], None], app: str
) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        await conn.execute(
            f"insert into triples (app_id, entity_id, attr_id, value) values (%s, %s, %s, {LONG})",
            [app, ENTITY, ATTR],
        )
        await conn.execute("update triples set created_at = 5 where app_id = %s", [app])
        await conn.execute("delete from triples where app_id = %s", [app])
        (inserted,), (updated,), (deleted,) = [
            (await fed.next_of(app)).triple_changes for _ in range(3)
        ]
        assert inserted.new is not None
        assert len(inserted.new) > 8_000
        assert updated == TripleChange("update", ENTITY, ATTR, inserted.new, inserted.new, True)
        assert deleted.old == inserted.new

    tell(story)


def test_transaction_over_two_apps_is_delivered_to_each(
    tell: Callable[[Story], None], apps: tuple[str, str]
) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        async with conn.transaction():
            for app in apps:
                await conn.execute("insert into transactions (app_id) values (%s)", [app])
                await conn.execute(INSERT_TRIPLE, [app, ENTITY, ATTR, "1"])
        first, second = [await fed.next_of(app) for app in apps]
        assert first.xid == second.xid
        assert first.tx_id is not None
        assert second.tx_id == first.tx_id + 1
        assert first.triple_changes == second.triple_changes

    tell(story)


def test_rolled_back_writes_are_not_delivered(tell: Callable[[Story], None], app: str) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        async with conn.transaction():
            await conn.execute(INSERT_TRIPLE, [app, ENTITY, ATTR, "1"])
            raise psycopg.Rollback
        await conn.execute(INSERT_TRIPLE, [app, ENTITY, ATTR, "2"])
        assert [change.new for change in (await fed.next_of(app)).triple_changes] == [b"2"]

    tell(story)


def test_attr_and_its_names_are_delivered(tell: Callable[[Story], None], app: str) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        async with conn.transaction():
            await conn.execute(
                "insert into attrs (id, app_id, value_type, cardinality, forward_ident, etype,"
                " label, reverse_etype, reverse_label)"
                " values (%s, %s, 'ref', 'many', %s, 'shelves', 'books', 'books', 'shelves')",
                [ATTR, app, ENTITY],
            )
            await conn.execute(
                "insert into idents (id, app_id, attr_id, etype, label)"
                " values (%s, %s, %s, 'shelves', 'books')",
                [ENTITY, app, ATTR],
            )
        await conn.execute("update idents set etype = 'racks' where app_id = %s", [app])
        added, renamed = await fed.next_of(app), await fed.next_of(app)
        assert added.attr_changes == (
            AttrChange("insert", ATTR, frozenset({"shelves", "books"})),
            AttrChange("insert", ATTR, frozenset({"shelves"})),
        )
        assert not added.app_changed
        assert renamed.attr_changes == (
            AttrChange("update", ATTR, frozenset({"shelves", "racks"})),
        )

    tell(story)


def test_rules_and_status_are_delivered(tell: Callable[[Story], None], app: str) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        await conn.execute("insert into rules (app_id, code) values (%s, '{}')", [app])
        await conn.execute("update apps set status = 'disabled' where id = %s", [app])
        rules, status = await fed.next_of(app), await fed.next_of(app)
        assert (rules.rules_changed, rules.app_changed) == (True, False)
        assert (status.rules_changed, status.app_changed) == (False, True)

    tell(story)


def test_large_transaction_is_told_as_a_whole_in_bounded_memory(
    tell: Callable[[Story], None], app: str, campaign: bool
) -> None:
    rows = 1_000_000 if campaign else 100_000

    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        tracemalloc.start()
        await conn.execute(
            "insert into triples (app_id, entity_id, attr_id, value)"
            " select %s, gen_random_uuid(), %s, to_jsonb(md5(i::text))"
            " from generate_series(1, %s) i",
            [app, ATTR, rows],
        )
        changes = await fed.next_of(app)
        assert (changes.truncated, changes.triple_changes) == (True, ())
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < 20_000_000  # 100,000 rows listed would take 60 MB

    tell(story)


def test_emptied_table_is_a_gap(tell: Callable[[Story], None], app: str) -> None:
    async def story(fed: Fed, conn: psycopg.AsyncConnection[Any]) -> None:
        await conn.execute("insert into rules (app_id, code) values (%s, '{}')", [app])
        await fed.next_of(app)
        await conn.execute("truncate rules")
        await fed.until(lambda: fed.gaps == 2)

    tell(story)


def test_position_moves_only_once_delivery_has_returned(database_url: str, app: str) -> None:
    delivering: asyncio.Queue[int] = asyncio.Queue()
    may_return = asyncio.Event()

    async def deliver(changes: TxChanges) -> None:
        if changes.app_id == app:
            delivering.put_nowait(changes.commit_lsn)
            await may_return.wait()

    async def story() -> None:
        feed = ChangeFeed(database_url, deliver, lambda: None)
        await feed.start()
        await feed.wait_until_live(60)
        async with writer(database_url) as conn:
            await conn.execute(INSERT_TRIPLE, [app, ENTITY, ATTR, "1"])
            commit_lsn = await asyncio.wait_for(delivering.get(), 60)
            assert feed.state.delivered_lsn <= commit_lsn
            may_return.set()
            await until(lambda: feed.state.delivered_lsn > commit_lsn)
        await feed.stop()

    asyncio.run(story())


def test_what_was_delivered_is_soon_acknowledged(database_url: str, app: str) -> None:
    async def story() -> None:
        never = Patience(status_seconds=600, live_seconds=600, silent_seconds=600)
        async with running(database_url, patience=never) as fed, writer(database_url) as conn:
            for number in range(3):
                await conn.execute(INSERT_TRIPLE, [app, str(uuid.uuid4()), ATTR, str(number)])
                commit_lsn = (await fed.next_of(app)).commit_lsn
                await until(partial(_is_acknowledged, conn, commit_lsn), pause_seconds=0.01)

    asyncio.run(story())


async def _is_acknowledged(conn: psycopg.AsyncConnection[Any], lsn: int) -> bool:
    row = await (await conn.execute(ACKNOWLEDGED)).fetchone()
    assert row is not None
    return int(row[0]) > lsn


def test_rows_without_sort_keys_are_sent_to_repair(database_url: str, app: str) -> None:
    repaired: asyncio.Queue[str] = asyncio.Queue()

    async def story() -> None:
        async with (
            running(database_url, repair=repaired.put),
            writer(database_url) as conn,
        ):
            await conn.execute(
                "insert into triples (app_id, entity_id, attr_id, ave, checked_data_type, value)"
                " values (%s, %s, %s, true, 'number', '5')",
                [app, ENTITY, ATTR],
            )
            assert await asyncio.wait_for(repaired.get(), 60) == app

    asyncio.run(story())


def test_stopped_feed_leaves_no_slot_behind(database_url: str) -> None:
    async def story() -> None:
        async with writer(database_url) as conn:
            async with running(database_url):
                assert await _slots(conn) == 1
            await until(partial(_has_no_slot, conn), pause_seconds=0.01)

    asyncio.run(story())


# Which slots exist on this database?
COUNT_SLOTS = "select count(*) from pg_replication_slots where database = current_database()"


async def _has_no_slot(conn: psycopg.AsyncConnection[Any]) -> bool:
    return await _slots(conn) == 0


async def _slots(conn: psycopg.AsyncConnection[Any]) -> int:
    row = await (await conn.execute(COUNT_SLOTS)).fetchone()
    assert row is not None
    return int(row[0])
