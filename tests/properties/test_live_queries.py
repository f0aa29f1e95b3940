"""No missed update: after any changes, every live answer equals a fresh one (law 5).

Random schema, data, queries and changes; the changes are plain SQL, so they reach the live queries
through the log alone. The answers that arrive may not go back in time either (law 6).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Effort
from tests.oracle.storing import store_world
from tests.oracle.world import World
from tests.properties.changes import Change, ChangingWorld, changes
from tests.properties.live import LIMIT_SECONDS, Conversation, conversation, serving
from tests.properties.queries import queries
from tests.properties.worlds import worlds
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.management.database import connect
from triples.sql.pool import Connection
from wire import json
from wire.errors import InstantError
from wire.ids import hash_uuid_secret, new_id

ADMIN: Final = Viewer(is_admin=True, user_id=None)
EXAMPLES: Final = 60
CAMPAIGN_EXAMPLES: Final = 2_000
AT_MOST_QUERIES: Final = 5
AT_MOST_CHANGES: Final = 8


@st.composite
def stories(draw: Any) -> tuple[World, list[dict[str, Any]], list[Change]]:
    """A world, the queries that are watched, and what happens to it."""
    world = draw(worlds())
    watched = [draw(queries(world)) for _ in range(draw(st.integers(1, AT_MOST_QUERIES)))]
    return world, watched, draw(st.lists(changes, min_size=1, max_size=AT_MOST_CHANGES))


@pytest.mark.usefixtures("django_db_setup")
def test_every_live_answer_becomes_equal_to_a_fresh_one(seed: int, effort: Effort) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=effort.cases(EXAMPLES, CAMPAIGN_EXAMPLES),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(stories())
    def converges(story: tuple[World, list[dict[str, Any]], list[Change]]) -> None:
        runner.run(_told(*story))

    with asyncio.Runner() as runner:
        entered = serving()
        runner.run(entered.__aenter__())
        try:
            converges()
        finally:
            runner.run(entered.__aexit__(None, None, None))


async def _told(world: World, watched: list[dict[str, Any]], happening: list[Change]) -> None:
    async with connect() as conn:
        await store_world(conn, world)
        token = new_id()
        await conn.execute(
            "insert into app_admin_tokens (token_hash, app_id, created_at)"
            " values (%s, %s::uuid, now())",
            (hash_uuid_secret(token), world.app_id),
        )
        async with conversation(world.app_id, token) as talk:
            for query in watched:
                reply = await talk.ask("add-query", q=query)
                assert reply["op"] in ("add-query-ok", "add-query-exists"), reply
            changing = ChangingWorld(conn, world)
            for change in happening:
                await changing.make(change)
            for query in watched:
                await _until_current(conn, world, talk, query)
            for processed in talk.client.processed.values():
                assert processed == sorted(processed)
            assert talk.client.errors == []
        await _forget(conn, world)


async def _until_current(
    conn: Connection, world: World, talk: Conversation, query: dict[str, Any]
) -> None:
    """Wait until the newest word that arrived is the one a new client would get.

    A change of the schema may make a watched query one that is refused.
    """
    key = json.canonical(query)
    expected: Any = None
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                expected = await _fresh(conn, world, query)
                if _comparable(talk.client.answers[key]) == expected:
                    return
                await talk.news_or_while()
    except TimeoutError:
        got = _comparable(talk.client.answers[key])
        raise AssertionError(
            f"{json.dumps(query).decode()}\n  a new client gets {expected}\n  this one has {got}"
            f"\n  {talk.circumstances()}"
        ) from None


async def _fresh(conn: Connection, world: World, query: dict[str, Any]) -> Any:
    catalog = await load_catalog(conn, world.app_id)
    try:
        answer = await run_query(conn, prepare_query(query, catalog, ADMIN))
    except InstantError as refusal:
        return _comparable(refusal.to_wire())
    return _comparable(json.loads(answer.result))


def _comparable(word: list[Any] | dict[str, Any]) -> Any:
    """An answer without the order of its triples; of a refusal, what is said to be wrong."""
    if isinstance(word, dict):
        return word["type"], word["message"]
    [node] = word
    [row] = node["data"]["datalog-result"]["join-rows"]
    rest = {key: value for key, value in node["data"].items() if key != "datalog-result"}
    return sorted(json.canonical(triple) for triple in row), rest


async def _forget(conn: Connection, world: World) -> None:
    for table in ("triples", "idents", "attrs"):
        await conn.execute(f"delete from {table} where app_id = %s::uuid", (world.app_id,))
