"""Many writers on few entities: nothing is lost, doubled or out of order.

Seconds in an ordinary run, half a minute in a campaign.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from contextlib import AsyncExitStack
from random import Random
from typing import Any, Final

import pytest
from psycopg import sql

from tests.database.transact.writer import Writer
from triples import tenants
from triples.management.database import connect
from triples.sql.pool import Connection
from wire.errors import InstantError
from wire.ids import new_id

pytestmark = pytest.mark.database

WRITERS: Final = 64
ENTITIES: Final = 10
SECONDS: Final = 4.0
CAMPAIGN_SECONDS: Final = 30.0

_DUPLICATES: Final = """
select attr_id, value from triples
where app_id = %s::uuid and av and value <> 'null'
group by attr_id, value having count(*) > 1
"""
# Values whose entity has no id, and links in an etype that has lost the entity.
_DANGLING: Final = """
select t.entity_id from triples as t join attrs on attrs.id = t.attr_id
where t.app_id = %s::uuid and not exists (
  select from triples as member join attrs as id_attr on id_attr.id = member.attr_id
  where member.app_id = t.app_id and member.entity_id = t.entity_id
    and id_attr.label = 'id' and id_attr.etype = attrs.etype
)
"""
_INSERTED: Final = re.compile(
    r"^table public\.transactions: INSERT: id\[bigint\]:(\d+) .*app_id\[uuid\]:'([0-9a-f-]+)'"
)


def test_writers_in_each_others_way(seed: int, campaign: bool, django_db_setup: None) -> None:
    asyncio.run(_contend(seed, CAMPAIGN_SECONDS if campaign else SECONDS))


async def _contend(seed: int, seconds: float) -> None:
    async with AsyncExitStack() as stack:
        observer = await stack.enter_async_context(connect())
        conns = [await stack.enter_async_context(connect()) for _ in range(WRITERS)]
        writer = Writer(observer, (await tenants.create_app(observer, "contended")).app.id)
        await _define(writer)
        slot = f"contention_{writer.app_id.replace('-', '')[:12]}"
        await observer.execute(
            "select pg_create_logical_replication_slot(%s, 'test_decoding')", (slot,)
        )
        try:
            counts: Counter[str] = Counter()
            until = time.monotonic() + seconds
            await asyncio.gather(
                *(
                    _write_until(
                        until,
                        Writer(conn, writer.app_id, writer.attr_ids),
                        Random(f"{seed}/{n}"),
                        counts,
                    )
                    for n, conn in enumerate(conns)
                )
            )
            order = await _commit_order(observer, slot, writer.app_id)
        finally:
            await observer.execute("select pg_drop_replication_slot(%s)", (slot,))
        await _check(writer, counts, order)


async def _define(writer: Writer) -> None:
    await writer.write(
        writer.add_attr("users.id"),
        writer.add_attr("users.email", unique=True, indexed=True, checked="string"),
        writer.add_attr("users.count", indexed=True, checked="number"),
        writer.add_attr("users.friend", to="users.friends", on_delete="cascade"),
        writer.add_attr("users.spouse", to="users.spouseOf", unique=True),
        writer.add_attr("counters.id"),
        writer.add_attr("counters.n"),
    )


async def _write_until(until: float, writer: Writer, rng: Random, counts: Counter[str]) -> None:
    """Whatever is not a documented refusal, a deadlock among them, ends the test."""
    while time.monotonic() < until:
        kind, steps = _steps(writer, rng)
        try:
            await writer.write(*steps)
        except InstantError as error:
            counts[f"{kind} refused: {error.type}"] += 1
        else:
            counts[kind] += 1
            counts["committed"] += 1


def _steps(writer: Writer, rng: Random) -> tuple[str, list[Any]]:
    ann, bob = (f"u{rng.randrange(ENTITIES)}" for _ in range(2))
    counter = f"c{rng.randrange(ENTITIES)}"
    by_email = writer.by("users.email", f"{ann}@b.c")
    match rng.randrange(6):
        case 0:
            own = ["add-triple", by_email, writer.attr("users.id"), by_email]
            return "look-up", [own, ["add-triple", by_email, writer.attr("users.count"), 1]]
        case 1:
            return "link", writer.put(ann, "users", friend=writer.entity(bob))
        case 2:
            return "marry", writer.put(ann, "users", spouse=writer.entity(bob))
        case 3:
            return "delete", [
                ["delete-entity", by_email if rng.random() < 0.5 else writer.entity(ann), "users"]
            ]
        case 4:
            return "create", writer.put(ann, "users", "create", email=f"{ann}@b.c")
        case _:
            n = ["increment-triple", writer.entity(counter), writer.attr("counters.n"), 1]
            return "increment", [*writer.put(counter, "counters"), n]


async def _commit_order(conn: Connection, slot: str, app_id: str) -> list[int]:
    """The app's tx ids as the log has them."""
    query = sql.SQL("select data from pg_logical_slot_get_changes({}, null, null)").format(slot)
    lines = [row[0] for row in await (await conn.execute(query)).fetchall()]
    found = [match for line in lines if (match := _INSERTED.match(line))]
    return [int(match[1]) for match in found if match[2] == app_id]


async def _check(writer: Writer, counts: Counter[str], order: list[int]) -> None:
    kinds = {"look-up", "link", "marry", "delete", "create", "increment"}
    assert kinds <= set(counts), f"a kind of write never succeeded: {counts}"
    assert len(order) == counts["committed"]
    assert order == sorted(order), "tx ids are not in commit order"
    totals = [(await writer.stored(f"c{n}")).get("counters.n", 0) for n in range(ENTITIES)]
    assert sum(totals) == counts["increment"]
    for query in (_DUPLICATES, _DANGLING):
        assert await (await writer.conn.execute(query, (writer.app_id,))).fetchall() == []
    assert await writer.attrs_with_wrong_flags() == set()


def test_same_unknown_lookup_makes_one_entity(django_db_setup: None) -> None:
    asyncio.run(_same_lookup())


async def _same_lookup() -> None:
    async with AsyncExitStack() as stack:
        conns = [await stack.enter_async_context(connect()) for _ in range(16)]
        writer = Writer(conns[0], (await tenants.create_app(conns[0], "look-ups")).app.id)
        await _define(writer)
        by_email = writer.by("users.email", new_id())
        step = ["add-triple", by_email, writer.attr("users.id"), by_email]
        await asyncio.gather(
            *(Writer(conn, writer.app_id, writer.attr_ids).write(step) for conn in conns)
        )
        assert len(await writer.entities()) == 1
